import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  openSqliteAuditIndex,
  openSqliteKeyStore,
  openSqliteLog,
  sqliteIdempotencyStore,
  sqliteNonceStore,
  sqliteTileStore,
} from '@signalbox/log-sqlite';
import {
  createLogger,
  loadConfig,
  noMetrics,
  processLoad,
  systemChance,
  systemClock,
  systemTimers,
} from '@signalbox/runtime';
import { buildStandalone } from '@signalbox/standalone';
import { until } from '@signalbox/testing';
import { Agent } from 'undici';
import { describe, expect, it } from 'vitest';
import {
  type Answer,
  anonymous,
  type Caller,
  newTag,
  newTokenCaller,
  type Page,
  type Problem,
  sdpOf,
  send,
  v1,
} from '../support/client.ts';
import { logPath, readLog } from '../support/log.ts';
import { startServer, type Target, temporaryDirectory } from '../support/server.ts';

/** Large, so that little is needed until a disk is full. */
const bigSdp = () => `${sdpOf('big')}${'x'.repeat(60_000)}`;

type Readiness = { readonly status: string; readonly checks: Readonly<Record<string, { readonly status: string }>> };
const ready = (target: Target) => send<Readiness>(target, anonymous, { method: 'GET', path: '/ready' });

const expectUnavailable = ({ status, body, headers }: Answer) => {
  expect([status, (body as Problem).code]).toEqual([503, 'LOG_UNAVAILABLE']);
  expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect((body as Problem).retryAfterMs).toBeGreaterThan(0);
  expect(body).not.toHaveProperty('stack');
  expect(JSON.stringify(body)).not.toMatch(/sqlite|SQLITE|disk I\/O|database/);
};

/** Publishes until the server can't any more; what it acknowledged goes into `acknowledged`. */
const publishUntilFull = async (target: Target, by: Caller, tag: string, acknowledged: Set<string>) => {
  for (let tries = 0; tries < 2_000; tries++) {
    const sdp = bigSdp();
    const answer = await v1(target, by).publish({ tags: [tag], ttlMs: 600_000, offers: [{ sdp }] });
    if (answer.status !== 201) return answer;
    acknowledged.add(sdp);
  }
  throw new Error('The disk did not get full.');
};

/** Every description that can be found under the tag. */
const found = async (target: Target, tag: string): Promise<ReadonlySet<string>> => {
  const all = new Set<string>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path: string = `/v1/sessions?tag=${tag}&limit=100${cursor && `&cursor=${cursor}`}`;
    const { body } = await v1(target, anonymous).get<Page>(path);
    for (const { sdp } of body.sessions) all.add(sdp);
    cursor = body.cursor;
  }
  return all;
};

const recordedIn = async (dataDir: string, masterKeys?: readonly string[]): Promise<ReadonlySet<string>> =>
  new Set(
    (await readLog(dataDir, masterKeys)).flatMap(({ event }) =>
      event.type === 'OfferPublished' ? [event.data.sdp] : [],
    ),
  );

/** What a server with a full disk owes to its clients. */
const behavesWhileFull = async (target: Target, by: Caller, tag: string, acknowledged: ReadonlySet<string>) => {
  const client = v1(target, by);
  for (let i = 0; i < 8; i++) {
    expectUnavailable(await client.publish({ tags: [tag], offers: [{ sdp: bigSdp() }] }));
  }
  expect(await found(target, tag), 'reads go on, and show what was acknowledged and nothing else').toEqual(
    acknowledged,
  );
  expect((await client.feed()).status).toBe(200);
  const notReady = await ready(target);
  expect([notReady.status, notReady.body.status]).toEqual([503, 'not_ready']);
  expect(notReady.body.checks.log).toMatchObject({ status: 'down' });
  expect((await send(target, anonymous, { method: 'GET', path: '/live' })).status, 'it need not be killed').toBe(200);
};

const hasLimits = spawnSync('prlimit', ['--version']).status === 0;

/** Where the platform can say how large a process may make its files: as a disk without room, and given room again. */
describe.runIf(hasLimits)('a server whose disk gets full', () => {
  const limitFiles = (pid: number, soft: string) => {
    const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${soft}:`]);
    if (status !== 0) throw new Error(`The limit could not be set: ${stderr}`);
  };

  it('refuses writes, goes on reading, loses nothing, and recovers by itself once there is room', async () => {
    await using server = await startServer({ env: { SIGNALBOX_SWEEP_INTERVAL_MS: '500' } });
    const by = await newTokenCaller(server);
    const [tag, acknowledged] = [newTag(), new Set<string>()];
    for (let i = 0; i < 5; i++) {
      const sdp = bigSdp();
      expect((await v1(server, by).publish({ tags: [tag], ttlMs: 600_000, offers: [{ sdp }] })).status).toBe(201);
      acknowledged.add(sdp);
    }
    expect((await ready(server)).status).toBe(200);

    const largest = Math.max(...readdirSync(server.dataDir).map((file) => statSync(join(server.dataDir, file)).size));
    limitFiles(server.pid, String(largest + 500_000));
    expectUnavailable(await publishUntilFull(server, by, tag, acknowledged));
    expect(acknowledged.size).toBeGreaterThan(5);
    await behavesWhileFull(server, by, tag, acknowledged);

    limitFiles(server.pid, 'unlimited');
    // Nobody writes: what the server does of its own accord has to find out.
    await until('it is ready again', async () => (await ready(server)).status === 200, { withinMs: 60_000 });
    // The breaker before the log may still be open for the moment that its answers name.
    await until('it takes writes again', async () => {
      const sdp = bigSdp();
      const answer = await v1(server, by).publish({ tags: [tag], ttlMs: 600_000, offers: [{ sdp }] });
      if (answer.status === 201) acknowledged.add(sdp);
      else expectUnavailable(answer);
      return answer.status === 201;
    });
    expect(await found(server, tag)).toEqual(acknowledged);

    await server.kill9();
    expect(await recordedIn(server.dataDir)).toEqual(acknowledged);
    await using next = await server.again();
    expect(await found(next, tag)).toEqual(acknowledged);
  });

  it('that is killed while it is full loses nothing that it acknowledged', async () => {
    await using server = await startServer();
    const by = await newTokenCaller(server);
    const [tag, acknowledged] = [newTag(), new Set<string>()];
    limitFiles(server.pid, '2000000');
    expectUnavailable(await publishUntilFull(server, by, tag, acknowledged));
    await server.kill9();
    await using next = await server.again();
    expect(await found(next, tag)).toEqual(acknowledged);
    expect((await v1(next, by).publish({ tags: [tag], offers: [{ sdp: bigSdp() }] })).status).toBe(201);
  });
});

describe('a server whose log may not grow any more', () => {
  /** The whole server, in this process, on a log of bounded size. */
  const listen = async (dataDir: string, maxBytes: number) => {
    const key = (digit: string) => digit.repeat(64);
    const loaded = loadConfig(
      {
        ...{ SIGNALBOX_MASTER_KEYS: key('a'), SIGNALBOX_TOKEN_KEYS: key('b') },
        ...{
          SIGNALBOX_ADMIN_KEYS: key('c'),
          SIGNALBOX_CHECKPOINT_KEYS: key('d'),
          SIGNALBOX_RATE_LIMITS: 'off',
          SIGNALBOX_MAX_EVENT_LOOP_DELAY_MS: '60000',
        },
      },
      () => '',
    );
    if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
    const log = await openSqliteLog({
      ...{ path: logPath(dataDir), now: systemClock.now, newLogId: systemChance.uuid, maxBytes },
    });
    const keyStore = await openSqliteKeyStore({ path: join(dataDir, 'keys.db') });
    const recorded = await openSqliteAuditIndex({ path: join(dataDir, 'audit.db'), logId: log.id });
    const tiles = sqliteTileStore({ path: join(dataDir, 'evidence.db') });
    const server = await buildStandalone({
      keyStore,
      recorder: { recorded, tiles },
      config: loaded.ok,
      log: { ...log, fault: () => log.health().detail, waiting: () => log.health().waiting },
      nonces: await sqliteNonceStore(log),
      idempotency: sqliteIdempotencyStore(log),
      tls: null,
      ...{ clock: systemClock, timers: systemTimers, chance: systemChance, load: processLoad() },
      logger: createLogger({ level: 'silent', instance: 'full', pretty: false }),
      telemetry: { metrics: noMetrics, tracing: null, renderMetrics: async () => '', shutdown: async () => undefined },
      ...{ version: '0.0.0', instance: 'full' },
    });
    const dispatcher = new Agent();
    const url = await server.app.listen({ host: '127.0.0.1', port: 0 });
    return {
      ...{ url, dispatcher },
      [Symbol.asyncDispose]: async () => {
        await dispatcher.destroy();
        await server.close();
        await log.close();
        await keyStore.close();
        await recorded.close();
        tiles.close();
      },
    };
  };

  it('refuses writes, goes on reading, and takes them again when it is started with more room', async () => {
    const dataDir = temporaryDirectory();
    const [tag, acknowledged] = [newTag(), new Set<string>()];
    let by: Caller;
    {
      await using server = await listen(dataDir, 2 << 20);
      by = await newTokenCaller(server);
      expectUnavailable(await publishUntilFull(server, by, tag, acknowledged));
      expect(acknowledged.size).toBeGreaterThan(5);
      await behavesWhileFull(server, by, tag, acknowledged);
    }
    expect(await recordedIn(dataDir, ['a'.repeat(64)])).toEqual(acknowledged);
    await using server = await listen(dataDir, 8 << 20);
    expect(await found(server, tag)).toEqual(acknowledged);
    expect((await ready(server)).status).toBe(200);
    expect((await v1(server, by).publish({ tags: [tag], offers: [{ sdp: bigSdp() }] })).status).toBe(201);
  });
});
