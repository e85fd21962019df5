import { randomInt } from 'node:crypto';
import { systemClock } from '@signalbox/runtime';
import { seededChance, until } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import {
  ed25519Caller,
  hmacCaller,
  issueCredential,
  newKey,
  newTag,
  prepare,
  sdpOf,
  thisSecond,
  transmit,
  v1,
} from './support/client.ts';
import { type CrashLoad, createCrashLoad } from './support/crash-load.ts';
import { expectFaithfulLog } from './support/crash-log.ts';
import { readLog } from './support/log.ts';
import { edCaller, htCaller, rpcSend } from './support/rondevu.ts';
import { type Server, startServer } from './support/server.ts';

const CYCLES = Number(process.env.CRASH_CYCLES ?? 50);
const SEED = Number(process.env.CRASH_SEED ?? randomInt(1_000_000));

/** Each cycle starts a process and drives it for some hundreds of requests. */
const MS_PER_CYCLE = 15_000;

const env = {
  ...{
    SIGNALBOX_OFFER_MIN_TTL_MS: '50',
    SIGNALBOX_ANSWERED_TTL_MS: '3600000',
    SIGNALBOX_ENDED_RETENTION_MS: '3600000',
  },
  ...{ SIGNALBOX_SWEEP_INTERVAL_MS: '500', SIGNALBOX_LOG_LEVEL: 'warn' },
};

describe('a process that is killed under load', () => {
  it(
    `has every acknowledged command after the restart, none twice and none by half (${CYCLES} times, seed ${SEED})`,
    async () => {
      const chance = seededChance(SEED);
      await using first = await startServer({ env });
      let server: Server = first;
      const load: CrashLoad = await createCrashLoad(chance);
      let acknowledged = 0;

      for (let cycle = 1; cycle <= CYCLES; cycle++) {
        // The moment is a number of acknowledged commands, so that it lies anywhere between two and within any of them.
        const killAfter = 10 + Math.floor(chance.fraction() * 150);
        acknowledged += await load.run(server, { killAfter, kill: () => server.kill9() });
        await server.dispatcher.destroy();
        server = await server.again();
        await load.settle(server, `cycle ${cycle}`);
      }
      await load.checkEverything(server);
      const exit = await server.stop();
      await server.dispatcher.destroy();
      expect(exit).toEqual({ code: 0, signal: null });
      expect(acknowledged).toBeGreaterThan(CYCLES * 10);
      expectFaithfulLog(await readLog(first.dataDir), load.acknowledged());
    },
    60_000 + CYCLES * MS_PER_CYCLE,
  );
});

describe('a request that was captured before kill -9', () => {
  it.each([
    ['an exact clock', 0],
    ['a clock 20 s ahead', 20],
    ['a clock 50 s ahead', 50],
  ])('is refused before the crash and after it, with %s; a fresh one is taken', async (_, aheadSeconds) => {
    await using server = await startServer();
    const { name, secret } = await issueCredential(server);
    const key = newKey();
    const tag = newTag();
    const signers = [ed25519Caller(key), hmacCaller(name, secret)];
    // An exact clock gives the second that it is, which began in the past.
    const created = () => Math.floor(systemClock.now() / 1_000) + aheadSeconds;
    const milliseconds = () => systemClock.now() + aheadSeconds * 1_000;
    await until('the second in which the server started is over', async () => {
      const read = { method: 'GET', path: '/v1/feed', created: Math.floor(systemClock.now() / 1_000) };
      return (await transmit(server, prepare(server, ed25519Caller(), read))).status === 200;
    });

    const writes = signers.map((by) =>
      prepare(server, by, {
        ...{ method: 'POST', path: '/v1/sessions', created: created() },
        body: { tags: [tag], offers: [{ sdp: sdpOf('captured') }] },
      }),
    );
    const reads = signers.map((by) => prepare(server, by, { method: 'GET', path: '/v1/feed', created: created() }));
    const params = { tags: [tag], offers: [{ sdp: sdpOf('captured') }] };
    const rpcCallers = [edCaller(key), htCaller({ name, secret })];
    const calls = rpcCallers.flatMap((by) => [
      by.signed('publishOffer', params, milliseconds()),
      by.signed('poll', {}, milliseconds()),
    ]);

    for (const write of writes) expect((await transmit(server, write)).status).toBe(201);
    for (const read of reads) expect((await transmit(server, read)).status).toBe(200);
    for (const call of calls) expect((await rpcSend(server, call)).results[0]).toMatchObject({ success: true });

    const expectAllRefused = async (target: Server) => {
      for (const request of [...writes, ...reads]) {
        const { status, body } = await transmit(target, request);
        expect([status, (body as { code: string }).code]).toEqual([401, 'INVALID_CREDENTIALS']);
      }
      for (const call of calls) {
        expect((await rpcSend(target, call)).results[0]).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
      }
    };
    await expectAllRefused(server);
    await server.kill9();
    await using next = await server.again();
    expect(next.url, 'the same address, or the signature would be another’s').toBe(server.url);
    await expectAllRefused(next);

    for (const by of signers) expect((await v1(next, by).feed()).status).toBe(200);
    for (const by of rpcCallers) {
      expect((await rpcSend(next, by.signed('poll', {}))).results[0]).toMatchObject({ success: true });
    }
    const counted = await v1(next, signers[0]!).get(`/v1/tags?tag=${tag}`);
    expect(counted.body, 'published once each').toEqual({ counts: { [tag]: 4 } });
  });

  it('a client that signs with the second it is in is told when to come back, and is taken then', async () => {
    await using server = await startServer();
    await server.kill9();
    await using next = await server.again();
    const by = ed25519Caller();
    const read = { method: 'GET', path: '/v1/feed' };
    const first = await transmit<{ retryAfterMs?: number }>(
      next,
      prepare(next, by, { ...read, created: thisSecond() - 1 }),
    );
    if (first.status === 401) expect(first.body.retryAfterMs).toBeLessThanOrEqual(1_000);
    else expect(first.status).toBe(200);
    expect((await transmit(next, prepare(next, by, read))).status).toBe(200);
  });
});
