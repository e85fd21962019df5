import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type Config, type Env, loadConfig, type StackPart } from './config/index.ts';
import { secretFilesOnDisk, withDevelopmentSecrets } from './development-secrets.ts';
import { type ClosingStep, endInOrder } from './lifecycle.ts';
import { type LoadSources, processLoad } from './load.ts';
import { createLogger, type Logger } from './logger.ts';
import { startError } from './start-error.ts';
import { startTelemetry, type Telemetry } from './telemetry.ts';
import { type Chance, type Clock, systemChance, systemClock, systemTimers, type Timers } from './time.ts';

/** What a main.ts takes from its process. */
export type ServiceHost = {
  readonly env: Env;
  /** Without the program and the script. */
  readonly args: readonly string[];
  readonly pid: number;
  readonly isTerminal: boolean;
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Calls `listener` when the process is told to stop. Answers with how to call that off. */
  readonly onStop: (listener: () => void) => () => void;
  readonly exit: (code: number) => never;
};

/** The process itself, as main.ts hands it in. What it says is lost where nobody reads it, and does not end it. */
export const hostOf = (own: NodeJS.Process): ServiceHost => {
  for (const stream of [own.stdout, own.stderr]) stream.on('error', () => undefined);
  return {
    env: own.env,
    args: own.argv.slice(2),
    pid: own.pid,
    isTerminal: own.stdout.isTTY === true,
    say: (text) => own.stdout.write(`${text}\n`),
    complain: (text) => own.stderr.write(`${text}\n`),
    onStop: (listener) => {
      const signals = ['SIGTERM', 'SIGINT'] as const;
      for (const signal of signals) own.on(signal, listener);
      return () => {
        for (const signal of signals) own.off(signal, listener);
      };
    },
    exit: (code) => own.exit(code),
  };
};

export type ServiceContext = {
  readonly config: Config;
  /** Files of keys that were made at this start. */
  readonly madeKeys: readonly string[];
  /** PEM texts; null serves plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly version: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  readonly load: LoadSources;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
};

/** A process that has everything it needs and does not listen yet. */
export type Opened = {
  readonly listen: (at: { readonly host: string; readonly port: number }) => Promise<string>;
  /** How to end it, in order; the telemetry comes after them. */
  readonly steps: readonly ClosingStep[];
  /** What a person is told once it listens. */
  readonly welcome: (address: string) => string;
};

/**
 * The life of a process: arguments, configuration with every problem at once, logger, telemetry, then `open`, the
 * handlers of its end, and listening. Whatever fails on the way is explained to a person, and the process exits with 1.
 */
export const startService = async (options: {
  /** `signalbox`, or `signalbox-` and a role: in traces and in the name of the instance. */
  readonly name: string;
  /** The package.json that holds its version. */
  readonly manifest: URL;
  readonly help: string;
  readonly needs: readonly StackPart[];
  readonly host: ServiceHost;
  readonly open: (context: ServiceContext) => Promise<Opened>;
}): Promise<void> => {
  const { name, host } = options;
  const { version } = JSON.parse(readFileSync(options.manifest, 'utf8')) as { readonly version: string };
  const fail = (text: string): never => {
    host.complain(text);
    return host.exit(1);
  };
  if (host.args.includes('--help') || host.args.includes('-h')) {
    host.say(options.help);
    return host.exit(0);
  }
  if (host.args.includes('--version')) {
    host.say(version);
    return host.exit(0);
  }
  if (host.args.length > 0) {
    fail(`Unknown argument ${host.args[0]}. The server is configured by its environment: see --help.`);
  }

  const loaded = loadConfig(host.env, (path) => readFileSync(path, 'utf8'), options.needs);
  if ('problems' in loaded) {
    const list = loaded.problems.map((problem) => `  - ${problem}`).join('\n');
    return fail(`Signalbox does not start, because of its configuration:\n${list}\nSee docs/configuration.md.`);
  }
  const given: Config = { ...loaded.ok, dataDir: resolve(loaded.ok.dataDir) };
  try {
    await run(given);
  } catch (error) {
    fail(`Signalbox could not start. ${startError(error, given)}`);
  }

  async function run(given: Config): Promise<void> {
    const { config, made } =
      given.mode === 'development'
        ? withDevelopmentSecrets(given, secretFilesOnDisk, systemChance)
        : { config: given, made: [] };
    const instance = config.instance ?? `${name}-${hostname()}-${host.pid}`;
    const logger = createLogger({ level: config.logLevel, instance, pretty: host.isTerminal });
    const telemetry = await startTelemetry({
      ...{ service: name, version, instance, otlpUrl: config.otlpUrl, chance: systemChance },
    });
    // Nothing is served yet. Without a handler the first process of a container would not hear it, and be killed late.
    const started = host.onStop(() => {
      host.complain('Told to stop before it had started.');
      host.exit(0);
    });
    const opened = await options.open({
      ...{ config, madeKeys: made, version, instance, logger, telemetry, load: processLoad() },
      tls: config.tls && {
        cert: readFileSync(config.tls.certFile, 'utf8'),
        key: readFileSync(config.tls.keyFile, 'utf8'),
      },
      ...{ clock: systemClock, timers: systemTimers, chance: systemChance },
    });
    endInOrder({
      steps: [...opened.steps, { name: 'telemetry', close: () => telemetry.shutdown() }],
      deadlineMs: config.timeouts.shutdownMs,
      logger,
      clock: systemClock,
    });
    started();
    const address = await opened.listen({ host: config.host, port: config.port });
    if (config.mode === 'production' && config.publicUrl === null) {
      logger.warn('SIGNALBOX_PUBLIC_URL is not set: signatures are checked against the host that each request names');
    }
    host.say(opened.welcome(address));
  }
};
