import { settleKeys } from '@signalbox/assembly';
import { createEventCodec } from '@signalbox/event-schemas';
import { LogUnavailable, type NewEvent, type StreamName, streamName } from '@signalbox/event-sourcing';
import { memoryEventLog } from '@signalbox/memory';
import { createLogger } from '@signalbox/runtime';
import { metadata, offered, seededChance, t0 } from '@signalbox/testing';
import { createVault, exportKeys, importKeys, type KeyStore } from '@signalbox/vault';
import { memoryKeyStore } from '@signalbox/vault/memory';
import { describe, expect, it } from 'vitest';

const quiet = { logger: createLogger({ level: 'silent', instance: 'test', pretty: false }) };
const operations = streamName('operations', 'x');

const vaultOn = (store: KeyStore, seed: number) =>
  createVault({
    ...{ store, now: () => t0, chance: seededChance(seed), epochMs: 3_600_000 },
    masterKeys: [new Uint8Array(32).fill(1)],
  });

/** A log in memory, and a key store that opens what it holds. */
const createRig = () => {
  const chance = seededChance(4);
  const log = memoryEventLog({ now: () => t0, id: 'log-1' });
  const store = memoryKeyStore();
  const vault = vaultOn(store, 5);
  const { session } = createEventCodec(vault).only;
  const about = () => ({ metadata: metadata(), hash: null, previousHash: null, id: chance.uuid() });
  const append = async (
    stream: StreamName,
    revision: number,
    event: Parameters<typeof session.encode>[2][number],
    keyId: string | null,
  ): Promise<string | null> => {
    const [encoded] = await session.encode(stream, revision, [event], keyId);
    if (!encoded) throw new Error('There is an event.');
    await log.append(stream, [{ ...encoded, ...about() }], 'any');
    return encoded.keyId;
  };
  return {
    ...{ log, store, vault },
    /** Answers with the key of a session that began. */
    begin: async (id: string): Promise<string> => {
      const keyId = await append(streamName('session', id), 0, offered(), null);
      if (keyId === null) throw new Error('Sessions are sealed.');
      return keyId;
    },
    /** Only says so: the key is as it was. */
    sayErased: async (id: string): Promise<void> => {
      const data = { reason: 'erasure', policy: 'e1', redactedAt: t0 } as const;
      await append(streamName('session', id), 1, { type: 'SessionRedacted', data }, null);
    },
    /** So many events that have nothing to do with keys. */
    fill: async (count: number): Promise<void> => {
      const one = { type: 'Other', schemaVersion: 1, data: new Uint8Array(), keyId: null };
      await log.append(
        operations,
        Array.from({ length: count }, (): NewEvent => ({ ...one, ...about() })),
        'any',
      );
    },
    isThere: async (keyId: string): Promise<boolean> => (await store.find([keyId]))[0] !== null,
  };
};

/** The same log, which takes down from where it is read; `onRead` comes before each time. */
const watched = (log: ReturnType<typeof createRig>['log'], onRead: (reads: number) => Promise<void> | void) => {
  const from: number[] = [];
  return {
    from,
    log: {
      readStream: log.readStream,
      head: log.head,
      readAll: async (after: number, limit: number) => {
        from.push(after);
        await onRead(from.length);
        return log.readAll(after, limit);
      },
    },
  };
};

describe('settling the keys', () => {
  it('ends where the log ended when it began, however fast that grows', async () => {
    const rig = createRig();
    const keyId = await rig.begin('gone');
    await rig.sayErased('gone');
    await rig.fill(2_500);
    const grows = watched(rig.log, async (reads) => {
      if (reads > 20) throw new LogUnavailable('It is read without an end.');
      await rig.fill(1_500);
    });
    await settleKeys(rig, grows.log, quiet);
    expect(grows.from).toEqual([0, 1_000, 2_000]);
    expect(await rig.store.settledTo()).toBe(3_000);
    expect(await rig.isThere(keyId)).toBe(false);
    const [later, last] = [await rig.begin('later'), await rig.begin('last')];
    await rig.sayErased('later');
    await settleKeys(rig, rig.log, quiet);
    expect(await rig.store.settledTo()).toBe(await rig.log.head());
    expect([await rig.isThere(later), await rig.isThere(last)]).toEqual([false, true]);
  });

  it('reads on from where it is settled, and nothing when that is at the end', async () => {
    const rig = createRig();
    await rig.fill(1_200);
    await settleKeys(rig, rig.log, quiet);
    await rig.fill(3);
    const { from, log } = watched(rig.log, () => undefined);
    await settleKeys(rig, log, quiet);
    await settleKeys(rig, log, quiet);
    expect(from).toEqual([1_200]);
  });

  it('is done by two processes at once as by one', async () => {
    const rig = createRig();
    const ids = Array.from({ length: 8 }, (_, index) => `s${index}`);
    const keyIds: string[] = [];
    for (const id of ids) {
      keyIds.push(await rig.begin(id));
      await rig.fill(20_000);
    }
    for (const id of ids.slice(1)) {
      await rig.sayErased(id);
      await rig.fill(1_000);
    }
    const moves: number[] = [];
    const store: KeyStore = {
      ...rig.store,
      settle: async (from, to) => {
        const isMoved = await rig.store.settle(from, to);
        if (isMoved) moves.push(to);
        return isMoved;
      },
    };
    const processes = [1, 2].map((seed) => ({ store, vault: vaultOn(store, seed) }));
    await Promise.all(processes.map((one) => settleKeys(one, rig.log, quiet)));
    expect(moves.length).toBeGreaterThan(1);
    expect(moves).toEqual([...new Set(moves)].toSorted((a, b) => a - b));
    expect(moves.at(-1)).toBe(await rig.log.head());
    expect(await Promise.all(keyIds.map(rig.isThere))).toEqual(ids.map((_, index) => index === 0));
  });

  it('goes on after a restart in the middle, and loses at most what one round had read', async () => {
    const rig = createRig();
    const keyId = await rig.begin('gone');
    for (const _ of [1, 2, 3]) await rig.fill(50_000);
    await rig.sayErased('gone');
    const dies = watched(rig.log, (reads) => {
      if (reads === 130) throw new LogUnavailable('It is away.');
    });
    await expect(settleKeys(rig, dies.log, quiet)).rejects.toBeInstanceOf(LogUnavailable);
    expect(await rig.store.settledTo()).toBe(100_000);
    const again = watched(rig.log, () => undefined);
    await settleKeys(rig, again.log, quiet);
    expect(again.from[0]).toBe(100_000);
    expect(await rig.store.settledTo()).toBe(await rig.log.head());
    expect(await rig.isThere(keyId)).toBe(false);
  });

  it('ends early when it is told to, and keeps how far it came', async () => {
    const rig = createRig();
    await rig.fill(5_000);
    const aborting = new AbortController();
    const { from, log } = watched(rig.log, (reads) => {
      if (reads === 3) aborting.abort();
    });
    await settleKeys(rig, log, quiet, aborting.signal);
    expect(from).toEqual([0, 1_000, 2_000]);
    expect(await rig.store.settledTo()).toBe(3_000);
  });

  it('takes what a log says that was put back from a copy, for new', async () => {
    const rig = createRig();
    await rig.fill(10);
    await rig.store.settle(0, 5_000);
    await settleKeys(rig, rig.log, quiet);
    expect(await rig.store.settledTo()).toBe(10);
    const keyId = await rig.begin('gone');
    await rig.sayErased('gone');
    await settleKeys(rig, rig.log, quiet);
    expect(await rig.isThere(keyId)).toBe(false);
  });
});

describe('settling keys that were imported', () => {
  it('reads all of the log, also of one that was put back since the export and has another history', async () => {
    const rig = createRig();
    const other = createRig();
    await rig.fill(100);
    await settleKeys(rig, rig.log, quiet);
    // That log is lost; the one that goes on from an older copy says at a position before 100 what was erased since.
    const keyId = await rig.begin('gone');
    const keys = exportKeys(rig.store);
    await other.fill(20);
    await other.log.append(
      streamName('session', 'gone'),
      await rig.log.readStream(streamName('session', 'gone')),
      'any',
    );
    await other.sayErased('gone');
    await other.fill(200);
    const store = memoryKeyStore();
    await importKeys(store, keys);
    expect(await store.find([keyId])).not.toEqual([null]);
    await settleKeys({ store, vault: vaultOn(store, 9) }, other.log, quiet);
    expect(await store.find([keyId])).toEqual([null]);
  });

  it('is not taken for done when they came while it read', async () => {
    const rig = createRig();
    const keyId = await rig.begin('gone');
    const copy = await Array.fromAsync(exportKeys(rig.store));
    await rig.sayErased('gone');
    await rig.fill(1_500);
    const store = memoryKeyStore();
    const restored = { store, vault: vaultOn(store, 9) };
    const rows = async function* () {
      yield* copy;
    };
    const { log, from } = watched(rig.log, async (reads) => {
      if (reads === 2) await importKeys(store, rows());
    });
    await settleKeys(restored, log, quiet);
    expect(from).toEqual([0, 1_000, 0, 1_000]);
    expect(await store.find([keyId])).toEqual([null]);
  });
});
