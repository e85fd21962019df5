import { join } from 'node:path';
import {
  openSqliteAuditIndex,
  openSqliteKeyStore,
  openSqliteLog,
  sqliteIdempotencyStore,
  sqliteNonceStore,
  sqliteTileStore,
} from '@signalbox/log-sqlite';
import { hostOf, type Opened, type ServiceContext, startService } from '@signalbox/runtime';
import { buildStandalone } from './app.ts';
import { help, welcome } from './texts.ts';

const open = async (context: ServiceContext): Promise<Opened> => {
  const { config, clock, chance, logger, madeKeys, version } = context;
  const log = await openSqliteLog({
    path: join(config.dataDir, 'signalbox.db'),
    now: clock.now,
    newLogId: chance.uuid,
  });
  const keyStore = await openSqliteKeyStore({ path: join(config.dataDir, 'keys.db') });
  const recorded = await openSqliteAuditIndex({ path: join(config.dataDir, 'audit.db'), logId: log.id });
  const tiles = sqliteTileStore({ path: join(config.dataDir, 'evidence.db') });
  const server = await buildStandalone({
    ...{ ...context, keyStore, recorder: { recorded, tiles } },
    log: { ...log, fault: () => log.health().detail, waiting: () => log.health().waiting },
    nonces: await sqliteNonceStore(log),
    idempotency: sqliteIdempotencyStore(log),
  });
  const aheadMs = (log.recordedAtOpening ?? 0) - clock.now();
  if (aheadMs > 0) {
    logger.warn(
      { aheadMs },
      'the log holds times ahead of the clock: signed requests are refused until it has passed them',
    );
  }
  return {
    listen: async (at) => {
      const address = await server.app.listen({ ...at, listenTextResolver: () => 'listening' });
      logger.info({ resumedEvents: server.resumed.events, position: server.resumed.position }, 'started');
      return address;
    },
    steps: [
      { name: 'server', close: server.close },
      { name: 'recorder', close: () => recorded.close().then(() => tiles.close()) },
      { name: 'log', close: () => log.close() },
      { name: 'keys', close: () => keyStore.close() },
    ],
    welcome: (address) => welcome({ address, dataDir: config.dataDir, madeKeys, mode: config.mode, version }),
  };
};

await startService({
  ...{ name: 'signalbox', help, needs: [], open },
  manifest: new URL('../package.json', import.meta.url),
  host: hostOf(process),
});
