import { Readable } from 'node:stream';
import { settleKeys } from '@signalbox/assembly';
import { createCredentialCommands, createOperationsCommands, createSessionCommands } from '@signalbox/commands';
import { credential, type DomainEvent, operations, session } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import {
  bindProjection,
  createCommandHandler,
  createProjectionRunner,
  LogUnavailable,
  type StreamName,
  streamName,
} from '@signalbox/event-sourcing';
import { memoryAuditIndex, memoryEventLog } from '@signalbox/memory';
import { recordedCredentials, recordedSessions } from '@signalbox/read-models/projections';
import { createLogger } from '@signalbox/runtime';
import { type FakeClock, fakeClock, metadata, seededChance, settle, t0, unchained } from '@signalbox/testing';
import { createVault, exportKeys, importKeys, type KeyRows } from '@signalbox/vault';
import { memoryKeyStore } from '@signalbox/vault/memory';
import { describe, expect, it } from 'vitest';
import { createRetention, type Retained, type RetentionOptions, retainRegularly } from '../src/app.ts';

const EPOCH = 3_600_000;
const RETENTION = 24 * EPOCH;
/** The first moment of an epoch. */
const begin = Math.ceil(t0 / EPOCH) * EPOCH;
const context = { metadata: metadata(), commandId: null };

/** Commands, vault and index are the real ones, in memory and on a clock of the test's. */
const createRig = () => {
  const clock: FakeClock = fakeClock(begin);
  const chance = seededChance(11);
  const now = () => clock.now();
  const log = memoryEventLog({ now, id: 'log-1' });
  const store = memoryKeyStore();
  const vault = createVault({
    ...{ store, now, chance, epochMs: EPOCH },
    masterKeys: [new Uint8Array(32).fill(1)],
  });
  const codec = createEventCodec(vault);
  /** What is not in this process any more: bytes that were written by it are known without being opened. */
  const reading = () => createEventCodec({ seal: vault.seal, open: vault.fresh.open });
  const views = memoryAuditIndex();
  const refetch = async (stream: StreamName, from: number) => log.readStream(stream, { from });
  const sessionsCodec = codec.only.session;
  const credentialsCodec = codec.only.credential;
  const runners = [
    createProjectionRunner({
      codec: sessionsCodec,
      projections: [
        bindProjection(recordedSessions, views.sessions, async (stream, from) =>
          sessionsCodec.decode(await refetch(stream, from), 'skip'),
        ),
      ],
    }),
    createProjectionRunner({
      codec: credentialsCodec,
      projections: [
        bindProjection(recordedCredentials, views.credentials, async (stream, from) =>
          credentialsCodec.decode(await refetch(stream, from), 'skip'),
        ),
      ],
    }),
  ];
  let read = 0;
  const catchUp = async () => {
    for (;;) {
      const page = await log.readAll(read, 1_000);
      if (page.length === 0) return;
      for (const runner of runners) await runner.apply(page);
      read = page.at(-1)?.position ?? read;
    }
  };

  /** How many appends there are before every further one fails. */
  let goodAppends = Number.POSITIVE_INFINITY;
  const appending: typeof log.append = async (...args) => {
    if (goodAppends-- <= 0) throw new LogUnavailable('The disk is full.');
    return log.append(...args);
  };
  const handlerParts = {
    log: { readStream: log.readStream, append: appending },
    chain: unchained,
    newEventId: () => chance.uuid(),
    derivedEventId: (commandId: string, index: number) => {
      const digits = Buffer.from(`${commandId}#${index}`).toString('hex').slice(-32).padStart(32, '0');
      return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
    },
    cachedStates: 1_000,
  };
  const settled = async () => undefined;
  const sessions = createSessionCommands({
    handle: createCommandHandler({ decider: session, codec: codec.only.session, ...handlerParts }),
    // A double: there is always room.
    quota: { reserve: async () => ({ kind: 'reserved', release: () => undefined }) },
    settled,
    lifetimes: { defaultTtlMs: 60_000, minTtlMs: 1, maxTtlMs: 86_400_000, answeredTtlMs: 30_000 },
    maxCandidatesPerRole: 50,
    now,
    newId: () => chance.uuid(),
    exists: async () => false,
    derivedId: (commandId, index) => `${commandId}.${index}`,
  });
  const credentials = createCredentialCommands({
    handle: createCommandHandler({ decider: credential, codec: codec.only.credential, ...handlerParts }),
    settled,
    // A double: it seals nothing.
    seal: { seal: (_, secret) => secret, open: (_, sealed) => sealed },
    now,
    newSecret: () => 'a secret',
    newName: () => chance.uuid(),
    exists: async () => false,
    liveCount: async () => 0,
    maxCredentials: 1_000,
  });
  let reads = 0;
  let ids = 0;
  const options: RetentionOptions = {
    ...{
      everyMs: 60_000,
      retentionMs: RETENTION,
      epochMs: EPOCH,
      keys: vault,
      index: views.index,
      sessions,
      credentials,
    },
    log: {
      readStream: (...args) => {
        reads++;
        return log.readStream(...args);
      },
    },
    operations: createOperationsCommands({
      handle: createCommandHandler({ decider: operations, codec: codec.only.operations, ...handlerParts }),
      now,
    }),
    now,
    newId: () => `turn-${++ids}`,
    after: (ms, work) => clock.after(ms, work),
    isMine: async () => true,
    settle: async () => undefined,
    onRetained: () => undefined,
  };
  const recorded = async (): Promise<readonly (DomainEvent & { readonly stream: string })[]> =>
    (await reading().decode(await log.readAll(0, 100_000), 'stop')).map(({ stream, event }) => ({ stream, ...event }));

  return {
    ...{ clock, log, store, vault, options, recorded, catchUp, views, sessions, credentials },
    reads: () => reads,
    failAfter: (appends: number) => {
      goodAppends = appends;
    },
    publish: async (count = 1): Promise<readonly string[]> => {
      const sdps = Array.from({ length: count }, () => 'v=0 planted');
      const result = await sessions.publish('alice', { tags: ['chat'], service: null, ttlMs: 60_000, sdps }, context);
      if (result.kind === 'refused') throw new Error(result.refusal.code);
      await catchUp();
      return result.value.map(({ sessionId }) => sessionId);
    },
    redacted: async (): Promise<readonly string[]> =>
      (await recorded()).filter(({ type }) => type.endsWith('Redacted')).map(({ stream }) => stream),
    readable: async (): Promise<readonly string[]> => [
      ...new Set(
        (await recorded())
          .filter(({ type }) => type === 'OfferPublished' || type === 'CredentialIssued')
          .map(({ stream }) => stream),
      ),
    ],
    epochsTold: async () =>
      (await recorded()).flatMap((event) => (event.type === 'EpochKeyDestroyed' ? [event.data] : [])),
  };
};

const nothing: Retained = { epochs: 0, sessions: 0, credentials: 0 };
const streamsOf = (ids: readonly string[]) => ids.map((id) => `session-${id}`).toSorted();

describe('retention', () => {
  it('takes the sessions of an epoch in one step, when the epoch ended so long ago, and no other', async () => {
    const rig = createRig();
    const first = await rig.publish(3);
    rig.clock.set(begin + EPOCH);
    const second = await rig.publish(2);
    const retain = createRetention(rig.options);
    rig.clock.set(begin + EPOCH + RETENTION - 1);
    expect(await retain()).toEqual(nothing);
    rig.clock.set(begin + EPOCH + RETENTION);
    expect(await retain()).toEqual({ epochs: 1, sessions: 3, credentials: 0 });
    await rig.catchUp();
    expect((await rig.redacted()).toSorted()).toEqual(streamsOf(first));
    expect((await rig.readable()).toSorted()).toEqual(streamsOf(second));
    const id = begin.toString(36);
    expect(await rig.epochsTold()).toEqual([
      { epoch: id, startsAt: begin, endsAt: begin + EPOCH, dataKeys: expect.any(Number), destroyedAt: rig.clock.now() },
    ]);
    const [event] = (await rig.recorded()).filter(({ type }) => type === 'SessionRedacted');
    expect(event?.data).toEqual({
      ...{ reason: 'retention', policy: `kept for ${RETENTION} ms, epoch ${id}`, redactedAt: rig.clock.now() },
    });
    expect(await retain()).toEqual(nothing);
  });

  it('takes what an offline server missed when it is back, oldest first', async () => {
    const rig = createRig();
    for (let epoch = 0; epoch < 4; epoch++) {
      rig.clock.set(begin + epoch * EPOCH);
      await rig.publish(2);
    }
    rig.clock.set(begin + 10 * RETENTION);
    expect(await createRetention(rig.options)()).toEqual({ epochs: 4, sessions: 8, credentials: 0 });
    const told = (await rig.epochsTold()).map(({ startsAt }) => startsAt);
    expect(told).toEqual([0, 1, 2, 3].map((epoch) => begin + epoch * EPOCH));
    expect(await rig.readable()).toEqual([]);
  });

  it('takes credentials that ended so long ago, and leaves those that are in use', async () => {
    const rig = createRig();
    const issue = (name: string, ttlMs: number) =>
      rig.credentials.issue({ name, expiresAt: rig.clock.now() + ttlMs, lifetime: 'fixed' }, context);
    await issue('old', 60_000);
    await issue('lasting', 100 * RETENTION);
    rig.clock.set(begin + 60_000);
    await rig.credentials.expire('old', context);
    await rig.catchUp();
    const retain = createRetention(rig.options);
    rig.clock.set(begin + 60_000 + RETENTION);
    expect(await retain()).toEqual(nothing);
    rig.clock.set(begin + 60_001 + RETENTION);
    expect(await retain()).toEqual({ epochs: 0, sessions: 0, credentials: 1 });
    await rig.catchUp();
    expect(await rig.redacted()).toEqual(['credential-old']);
    expect(await rig.readable()).toEqual(['credential-lasting']);
    expect(await retain()).toEqual(nothing);
  });

  it('does nothing twice when two processes do it at once', async () => {
    const rig = createRig();
    await rig.publish(40);
    rig.clock.set(begin + EPOCH + RETENTION);
    const [one, other] = await Promise.all([createRetention(rig.options)(), createRetention(rig.options)()]);
    expect((one?.epochs ?? 0) + (other?.epochs ?? 0)).toBe(1);
    expect(await rig.redacted()).toHaveLength(40);
    expect(await rig.epochsTold()).toHaveLength(1);
  });
});

describe('a retention that ended in the middle', () => {
  it.each([0, 1, 2, 5, 6])('is taken up by the next process, after %i events', async (appended) => {
    const rig = createRig();
    const ids = await rig.publish(6);
    rig.clock.set(begin + EPOCH + RETENTION);
    rig.failAfter(appended);
    await expect(createRetention(rig.options)()).rejects.toThrow(LogUnavailable);
    expect(await rig.readable()).toEqual([]);
    rig.failAfter(Number.POSITIVE_INFINITY);
    await rig.catchUp();
    const told = Math.max(0, appended - 1);
    expect(await createRetention(rig.options)()).toEqual({ epochs: 0, sessions: 6 - told, credentials: 0 });
    expect((await rig.redacted()).toSorted()).toEqual(streamsOf(ids));
    expect(await rig.epochsTold()).toMatchObject([
      { epoch: begin.toString(36), startsAt: begin, endsAt: begin + EPOCH },
    ]);
  });

  it('is found however many sessions came after it, a part in each turn', async () => {
    const rig = createRig();
    await rig.publish(3);
    rig.clock.set(begin + EPOCH + RETENTION);
    rig.failAfter(2);
    await expect(createRetention(rig.options)()).rejects.toThrow(LogUnavailable);
    rig.failAfter(Number.POSITIVE_INFINITY);
    await rig.catchUp();
    // Later ones that another process has redacted: more than a turn looks at.
    const rows = Array.from({ length: 12_000 }, (_, i) => ({
      ...{
        sessionId: `later-${i}`,
        publisher: 'bob',
        answerer: null,
        visitors: [],
        tags: [],
        traces: [],
        service: null,
      },
      ...({ publishedAt: begin + EPOCH + i, endedAt: begin + EPOCH + i, state: 'expired', redacted: true } as const),
    }));
    const index: RetentionOptions['index'] = {
      endedCredentials: rig.views.index.endedCredentials,
      sessions: async (filter, after, limit) => {
        const older = [...rows].reverse().filter((row) => after === null || row.publishedAt < after.publishedAt);
        const page = older.slice(0, limit);
        return page.length === limit ? page : [...page, ...(await rig.views.index.sessions(filter, null, 100))];
      },
    };
    rig.clock.set(begin + 2 * EPOCH + RETENTION);
    const retain = createRetention({ ...rig.options, index });
    expect(await retain()).toEqual(nothing);
    expect(await retain()).toEqual({ ...nothing, sessions: 2 });
    await rig.catchUp();
    const before = rig.reads();
    expect(await retain()).toEqual(nothing);
    expect(rig.reads()).toBe(before);
  });

  it('comes to what the index shows late', async () => {
    const rig = createRig();
    const ids = await rig.publish(2);
    rig.clock.set(begin + EPOCH + RETENTION);
    const retain = createRetention({
      ...rig.options,
      index: { sessions: async () => [], endedCredentials: async () => [] },
    });
    expect(await retain()).toEqual({ epochs: 1, sessions: 0, credentials: 0 });
    expect(await createRetention(rig.options)()).toEqual({ epochs: 0, sessions: 2, credentials: 0 });
    expect((await rig.redacted()).toSorted()).toEqual(streamsOf(ids));
  });
});

describe('the work', () => {
  it('is done at its interval by the process whose turn it is, until it is told to end', async () => {
    const rig = createRig();
    await rig.publish(2);
    const aborting = new AbortController();
    const done: Retained[] = [];
    const settled: AbortSignal[] = [];
    let isMine = false;
    const work = retainRegularly(
      {
        ...{ ...rig.options, isMine: async () => isMine, onRetained: (one) => done.push(one) },
        settle: async (signal) => void settled.push(signal),
      },
      aborting.signal,
    );
    rig.clock.set(begin + EPOCH + RETENTION);
    await rig.clock.advance(60_000);
    expect(done).toEqual([]);
    isMine = true;
    await rig.clock.advance(60_000);
    await settle();
    await expect.poll(() => done).toEqual([{ epochs: 1, sessions: 2, credentials: 0 }]);
    await expect.poll(() => settled).toEqual([aborting.signal]);
    aborting.abort();
    await work;
  });
});

describe('an older copy of the keys', () => {
  const quiet = { logger: createLogger({ level: 'silent', instance: 'test', pretty: false }) };

  /** A store with those keys again, and what works on it. */
  const putBack = async (rows: readonly KeyRows[]) => {
    const store = memoryKeyStore();
    await importKeys(store, Readable.from(rows));
    const vault = createVault({
      ...{ store, now: () => begin, chance: seededChance(12), epochMs: EPOCH },
      masterKeys: [new Uint8Array(32).fill(1)],
    });
    return { store, vault };
  };

  it('brings back nothing that the log says was destroyed: of epochs, sessions, or credentials', async () => {
    const rig = createRig();
    const { log } = rig;
    const [past] = await rig.publish(1);
    rig.clock.set(begin + EPOCH);
    const [erased, kept] = await rig.publish(2);
    for (const name of ['ann', 'bob']) {
      await rig.credentials.issue({ name, expiresAt: begin + 100 * RETENTION, lifetime: 'fixed' }, context);
    }
    const old = await Array.fromAsync(exportKeys(rig.store));

    const stream = streamName('session', erased ?? '');
    const keysOf = async (one: StreamName) => (await log.readStream(one)).flatMap(({ keyId }) => keyId ?? []);
    await rig.vault.destroyDataKeys(await keysOf(stream));
    await rig.sessions.redact(erased ?? '', { reason: 'erasure', policy: 'e1' }, context);
    await rig.vault.destroyDataKeys(await keysOf(streamName('credential', 'ann')));
    await rig.credentials.redact('ann', { reason: 'erasure', policy: 'e1' }, context);
    rig.clock.set(begin + EPOCH + RETENTION);
    await rig.catchUp();
    await createRetention(rig.options)();

    const readable = async ({ vault }: Awaited<ReturnType<typeof putBack>>) => {
      const sealed = (await log.readAll(0, 1_000)).filter(({ keyId }) => keyId !== null);
      const opened = await vault.fresh.open(sealed);
      return [...new Set(sealed.filter((_, i) => opened[i] !== null).map(({ stream: one }) => one))].toSorted();
    };
    const restored = await putBack(old);
    const left = [`session-${kept}`, 'credential-bob'].toSorted();
    expect(await readable(restored)).toEqual([...left, `session-${past}`, stream, 'credential-ann'].toSorted());
    await settleKeys(restored, log, quiet);
    expect(await readable(restored)).toEqual(left);
    expect(await restored.store.settledTo()).toBe(await log.head());
  });

  it('does not keep a server from starting on a log that cannot be read, but says so and is tried again', async () => {
    const rig = createRig();
    await rig.publish(1);
    const errors: unknown[] = [];
    const logger = { ...quiet.logger, error: (...told: unknown[]) => void errors.push(told) } as typeof quiet.logger;
    const readAll = () => Promise.reject(new Error('It is no JSON.'));
    await settleKeys(rig, { ...rig.log, readAll }, { logger });
    expect(errors).toHaveLength(1);
    expect(await rig.store.settledTo()).toBe(0);
    const away = () => Promise.reject(new LogUnavailable('It is away.'));
    await expect(settleKeys(rig, { ...rig.log, readAll: away }, { logger })).rejects.toBeInstanceOf(LogUnavailable);
  });
});
