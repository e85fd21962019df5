import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openSqliteLog, sqliteIdempotencyStore, sqliteNonceStore } from '@signalbox/log-sqlite';
import {
  type Config,
  createLogger,
  endInOrder,
  loadConfig,
  processLoad,
  secretFilesOnDisk,
  startTelemetry,
  systemChance,
  systemClock,
  systemTimers,
  withDevelopmentSecrets,
} from '@signalbox/runtime';
import { buildStandalone } from './app.ts';
import { startError } from './start-error.ts';
import { help, welcome } from './texts.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const fail = (text: string): never => {
  process.stderr.write(`${text}\n`);
  process.exit(1);
};

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  say(help);
  process.exit(0);
}
if (args.includes('--version')) {
  say(version);
  process.exit(0);
}
if (args.length > 0) fail(`Unknown argument ${args[0]}. The server is configured by its environment: see --help.`);

const readConfig = (): Config => {
  const loaded = loadConfig(process.env, (path) => readFileSync(path, 'utf8'));
  if ('ok' in loaded) return { ...loaded.ok, dataDir: resolve(loaded.ok.dataDir) };
  const list = loaded.problems.map((problem) => `  - ${problem}`).join('\n');
  return fail(`Signalbox does not start, because of its configuration:\n${list}\nSee docs/configuration.md.`);
};

const start = async (given: Config) => {
  const { config, made } =
    given.mode === 'development'
      ? withDevelopmentSecrets(given, secretFilesOnDisk, systemChance)
      : { config: given, made: [] };
  const instance = config.instance ?? `signalbox-${process.pid}`;
  const logger = createLogger({ level: config.logLevel, instance, pretty: process.stdout.isTTY === true });
  const telemetry = await startTelemetry({
    ...{ service: 'signalbox', version, instance, otlpUrl: config.otlpUrl, chance: systemChance },
  });

  const log = await openSqliteLog({
    path: join(config.dataDir, 'signalbox.db'),
    now: systemClock.now,
    newLogId: systemChance.uuid,
  });
  const server = await buildStandalone({
    config,
    log: { ...log, fault: () => log.health().detail, waiting: () => log.health().waiting },
    nonces: await sqliteNonceStore(log),
    idempotency: sqliteIdempotencyStore(log),
    tls: config.tls && {
      cert: readFileSync(config.tls.certFile, 'utf8'),
      key: readFileSync(config.tls.keyFile, 'utf8'),
    },
    clock: systemClock,
    timers: systemTimers,
    chance: systemChance,
    load: processLoad(),
    ...{ logger, telemetry, version, instance },
  });

  endInOrder({
    steps: [
      { name: 'server', close: server.close },
      { name: 'log', close: () => log.close() },
      { name: 'telemetry', close: () => telemetry.shutdown() },
    ],
    deadlineMs: config.timeouts.shutdownMs,
    logger,
    clock: systemClock,
  });
  const address = await server.app.listen({
    ...{ host: config.host, port: config.port },
    listenTextResolver: () => 'listening',
  });
  const aheadMs = (log.recordedAtOpening ?? 0) - systemClock.now();
  if (aheadMs > 0) {
    logger.warn(
      { aheadMs },
      'the log holds times ahead of the clock: signed requests are refused until it has passed them',
    );
  }
  if (config.mode === 'production' && config.publicUrl === null) {
    logger.warn('SIGNALBOX_PUBLIC_URL is not set: signatures are checked against the host that each request names');
  }
  logger.info({ resumedEvents: server.resumed.events, position: server.resumed.position }, 'started');
  say(welcome({ address, dataDir: config.dataDir, madeKeys: made, mode: config.mode, version }));
};

const config = readConfig();
start(config).catch((error: unknown) => fail(`Signalbox could not start. ${startError(error, config)}`));
