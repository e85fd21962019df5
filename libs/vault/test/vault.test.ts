import { KeysUnavailable, type SealedPayload, type StreamName, streamName } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import {
  exportKeys,
  importKeys,
  type KeyStore,
  KeysConflict,
  LASTING_EPOCH,
  SealBroken,
  type Vault,
} from '../src/index.ts';
import { memoryKeyStore } from '../src/memory-key-store.ts';
import { aKey, HOUR, NOW, spied, vaultOn } from './fixtures.ts';

const session = streamName('session', 's1');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (data: readonly (Uint8Array | null)[]) => data.map((one) => one && Buffer.from(one).toString());

/** Seals texts as the next revisions of a stream; answers as the log would give them. */
const sealed = async (
  vault: Vault,
  stream: StreamName,
  some: readonly string[],
  { from = 0, keyId = null }: { readonly from?: number; readonly keyId?: string | null } = {},
): Promise<readonly SealedPayload[]> => {
  const payloads = some.map((text) => ({ type: 'Thing', data: bytes(text) }));
  const answer = await vault.seal(stream, from, payloads, keyId);
  return answer.data.map((data, index) => ({
    stream,
    revision: from + index,
    type: 'Thing',
    keyId: answer.keyId,
    data,
  }));
};

const one = async (
  vault: Vault,
  stream: StreamName,
  text = 'x',
): Promise<SealedPayload & { readonly keyId: string }> => {
  const [payload] = await sealed(vault, stream, [text]);
  if (!payload?.keyId) throw new Error('It was not sealed.');
  return { ...payload, keyId: payload.keyId };
};

const epochsOf = async (store: KeyStore) =>
  (await store.epochs()).map(({ id, startsAt, endsAt }) => ({ id, startsAt, endsAt }));

describe('sealing', () => {
  it('gives a stream one key, and opens what it sealed in order', async () => {
    const vault = vaultOn(memoryKeyStore());
    const first = await sealed(vault, session, ['a', '']);
    const [a] = first;
    const more = await sealed(vault, session, ['c'], { from: 2, keyId: a?.keyId ?? null });
    expect(new Set([...first, ...more].map(({ keyId }) => keyId)).size).toBe(1);
    expect(texts(await vault.open([...more, ...first]))).toEqual(['c', 'a', '']);
    const other = await one(vault, streamName('session', 's2'));
    expect(other.keyId).not.toBe(a?.keyId);
  });

  it('is AES-256-GCM: a version, an IV that is never the same, as many bytes, and a tag; in a buffer of their own', async () => {
    const vault = vaultOn(memoryKeyStore());
    const [a, b] = await sealed(vault, session, ['same text', 'same text']);
    for (const { data } of [a, b] as SealedPayload[]) {
      expect(data[0]).toBe(1);
      expect(data.length).toBe(1 + 12 + 9 + 16);
      expect(data.buffer.byteLength).toBe(data.length);
      expect(Buffer.from(data).includes('same')).toBe(false);
    }
    expect(a?.data.subarray(1, 13)).not.toEqual(b?.data.subarray(1, 13));
  });

  it('puts sessions and observations into the epoch of their time, credentials into the one that lasts', async () => {
    const { store } = spied();
    const vault = vaultOn(store);
    const startsAt = NOW - 60_000;
    const id = startsAt.toString(36);
    expect((await one(vault, session)).keyId).toMatch(new RegExp(`^${id}\\.[\\w-]{16}$`));
    expect((await one(vault, streamName('observation', 's1'))).keyId).toMatch(new RegExp(`^${id}\\.`));
    expect((await one(vault, streamName('credential', 'ann'))).keyId).toMatch(/^lasting\./);
    expect(await epochsOf(store)).toEqual(
      [
        { id: LASTING_EPOCH, startsAt: null, endsAt: null },
        { id, startsAt, endsAt: startsAt + HOUR },
      ].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
  });

  it('leaves everything else as it is', async () => {
    const { store, asked } = spied();
    const vault = vaultOn(store);
    const data = bytes('plain');
    for (const stream of [streamName('operations', '2026-01-01'), streamName('thing', 't')]) {
      const answer = await vault.seal(stream, 0, [{ type: 'T', data }], null);
      expect(answer.keyId).toBeNull();
      expect(answer.data[0]).toBe(data);
      expect((await vault.open([{ stream, revision: 0, type: 'T', keyId: null, data }]))[0]).toBe(data);
    }
    expect(asked).toEqual([]);
  });

  it('binds to stream, revision, type and key: nothing opens elsewhere, nor with a bit changed', async () => {
    const store = memoryKeyStore();
    const vault = vaultOn(store);
    const mine = await one(vault, session);
    const other = await one(vault, streamName('session', 's2'));
    const wrong: readonly SealedPayload[] = [
      { ...mine, stream: other.stream },
      { ...mine, revision: 1 },
      { ...mine, type: 'Things' },
      { ...mine, keyId: other.keyId },
      { ...mine, data: other.data },
      { ...mine, data: mine.data.subarray(0, -1) },
      { ...mine, data: new Uint8Array() },
      { ...mine, data: bytes('never sealed at all, but long enough') },
      ...Array.from(mine.data, (byte, at) => ({ ...mine, data: mine.data.with(at, byte ^ 1) })),
    ];
    for (const payload of wrong) {
      await expect(vault.open([mine, payload])).rejects.toBeInstanceOf(SealBroken);
      await expect(vaultOn(store).fresh.open([payload])).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
    }
    await expect(vault.open([{ ...mine, revision: 7 }])).rejects.toThrow('Thing, revision 7 of session-s1,');
  });
});

describe('keys', () => {
  it('are in the store before they are used, and taken from a batch: the store is asked once in hundreds of streams', async () => {
    const { store, count, asked } = spied();
    const vault = vaultOn(store);
    const first = await one(vault, session);
    expect(await store.find([first.keyId])).toMatchObject([{ epoch: expect.any(String) }]);
    asked.length = 0;
    for (let made = 0; made < 100; made++) await one(vault, streamName('session', `n${made}`));
    expect(asked).toEqual([]);
    for (let made = 100; made < 1_000; made++) await one(vault, streamName('session', `n${made}`));
    expect(count('addDataKeys')).toBeLessThan(10);
    expect(count('addDataKeys')).toBeGreaterThan(3);
  });

  it('are each used for one stream, however many begin at once, and are made once for all who wait', async () => {
    const { store, count } = spied();
    const vault = vaultOn(store);
    const made = await Promise.all(
      Array.from({ length: 200 }, (_, index) => one(vault, streamName('session', `${index}`))),
    );
    expect(new Set(made.map(({ keyId }) => keyId)).size).toBe(200);
    expect(count('addDataKeys')).toBeLessThanOrEqual(2);
    const many = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => one(vault, streamName('session', `m${index}`))),
    );
    expect(new Set([...made, ...many].map(({ keyId }) => keyId)).size).toBe(1_200);
    expect(texts(await vaultOn(store).open(many))).toEqual(many.map(() => 'x'));
  });

  it('of one batch have ids that lie side by side, and no two have the same', async () => {
    const vault = vaultOn(memoryKeyStore());
    const ids = await Promise.all(
      Array.from({ length: 1_500 }, async (_, made) => (await one(vault, streamName('session', `n${made}`))).keyId),
    );
    expect(new Set(ids).size).toBe(1_500);
    const batches = Map.groupBy(ids, (id) => id.slice(0, -4));
    expect(batches.size).toBeLessThan(10);
    expect(batches.size).toBeGreaterThan(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]+\.[\w-]{16}$/);
  });

  it('that are left when their epoch has ended are not used', async () => {
    const { store } = spied();
    let now = NOW;
    const vault = vaultOn(store, { now: () => now });
    await one(vault, session);
    now += HOUR;
    const { keyId } = await one(vault, streamName('session', 's2'));
    expect(keyId.split('.')[0]).toBe((NOW - 60_000 + HOUR).toString(36));
  });

  it('of processes with other lengths of epochs end up in epochs that have not ended', async () => {
    const store = memoryKeyStore();
    await one(vaultOn(store, { epochMs: 600_000 }), session);
    let now = NOW + 700_000;
    const { keyId } = await one(vaultOn(store, { now: () => now }), streamName('session', 's2'));
    const start = NOW - 60_000;
    expect(await store.epochs()).toMatchObject([
      { startsAt: start, endsAt: start + 600_000 },
      { id: keyId.split('.')[0], startsAt: start + 600_000, endsAt: start + HOUR },
    ]);
    now = start + HOUR;
    await one(vaultOn(store, { now: () => now }), streamName('session', 's3'));
    expect((await store.epochs()).length).toBe(3);
  });

  it('are shared by processes: each opens what the other sealed', async () => {
    const store = memoryKeyStore();
    const [a, b] = [vaultOn(store), vaultOn(store)];
    const made = await Promise.all([one(a, session, 'from a'), one(b, streamName('session', 's2'), 'from b')]);
    expect(texts(await b.open(made))).toEqual(['from a', 'from b']);
    expect(texts(await a.open(made))).toEqual(['from a', 'from b']);
    expect(await store.epochs()).toHaveLength(1);
  });

  it('that are not at hand are asked for together, once, and kept for half a minute', async () => {
    const { store, count } = spied();
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => one(vaultOn(store), streamName('session', `${index}`))),
    );
    let now = NOW;
    const vault = vaultOn(store, { now: () => now });
    await vault.open([...made, ...made]);
    expect(count('find')).toBe(1);
    now += 29_999;
    await vault.open(made);
    expect(count('find')).toBe(1);
    now += 1;
    await vault.open(made);
    expect(count('find')).toBe(2);
    await vault.fresh.open(made);
    expect(count('find'), 'the fresh way asks each time').toBe(3);
  });

  it('can be away: nothing is sealed or opened, and it works again afterwards', async () => {
    const { store, state } = spied();
    const vault = vaultOn(store);
    state.away = new KeysUnavailable('away');
    await expect(one(vault, session)).rejects.toBe(state.away);
    state.away = null;
    const made = await one(vault, session);
    state.away = new KeysUnavailable('away');
    expect(texts(await vault.open([made])), 'what is at hand is at hand').toEqual(['x']);
    await expect(vault.fresh.open([made])).rejects.toBe(state.away);
    await expect(vaultOn(store).open([made])).rejects.toBe(state.away);
  });

  it('tells when they can’t be made ahead, goes on with those it has, and makes more when it can', async () => {
    const { store, state } = spied();
    const troubles: unknown[] = [];
    const vault = vaultOn(store, { onTrouble: (error) => troubles.push(error) });
    await one(vault, session);
    state.away = new KeysUnavailable('away');
    for (let made = 0; made < 255; made++) await one(vault, streamName('session', `a${made}`));
    expect(troubles.length).toBeGreaterThan(0);
    await expect(one(vault, session)).rejects.toBe(state.away);
    state.away = null;
    await one(vault, session);
  });
});

describe('destruction', () => {
  it('of a key makes its stream unreadable at once in this process, and in others after half a minute', async () => {
    const store = memoryKeyStore();
    let now = NOW;
    const [a, b] = [vaultOn(store, { now: () => now }), vaultOn(store, { now: () => now })];
    const [gone, kept] = await Promise.all([one(a, session), one(a, streamName('session', 's2'), 'kept')]);
    await b.open([gone, kept]);
    expect(await a.destroyDataKeys([gone.keyId])).toBe(1);
    expect(texts(await a.open([gone, kept]))).toEqual([null, 'kept']);
    expect(texts(await b.fresh.open([gone, kept]))).toEqual([null, 'kept']);
    expect(texts(await b.open([gone, kept]))).toEqual(['x', 'kept']);
    now += 30_000;
    expect(texts(await b.open([gone, kept]))).toEqual([null, 'kept']);
    await expect(sealed(a, session, ['more'], { from: 1, keyId: gone.keyId })).rejects.toMatchObject({
      code: 'KEY_DESTROYED',
    });
    expect(await a.destroyDataKeys([gone.keyId])).toBe(0);
  });

  it('is not undone by an answer that was under way', async () => {
    const { store } = spied();
    const gone = await one(vaultOn(store), session);
    const held = Promise.withResolvers<void>();
    const slow: KeyStore = {
      ...store,
      find: async (ids) => {
        const answer = await store.find(ids);
        await held.promise;
        return answer;
      },
      destroyDataKeys: (ids) => store.destroyDataKeys(ids),
    };
    const vault = vaultOn(slow);
    const opening = vault.open([gone]);
    await vault.destroyDataKeys([gone.keyId]);
    held.resolve();
    expect(texts(await opening)).toEqual(['x']);
    expect(texts(await vault.open([gone]))).toEqual([null]);
  });

  it('of an epoch takes all of its keys, and waits until it has ended', async () => {
    const store = memoryKeyStore();
    let now = NOW;
    const vault = vaultOn(store, { now: () => now });
    const old = await Promise.all(['1', '2', '3'].map((id) => one(vault, streamName('session', id))));
    const credential = await one(vault, streamName('credential', 'ann'), 'lasts');
    const epoch = old[0]?.keyId.split('.')[0] ?? '';
    await expect(vault.destroyEpoch(epoch)).rejects.toThrow(RangeError);
    await expect(vault.destroyEpoch(LASTING_EPOCH)).rejects.toThrow(RangeError);
    now += HOUR;
    const young = await one(vault, streamName('session', '4'), 'young');
    await vault.open(old);
    expect(await vault.destroyEpoch(epoch)).toBe(256);
    expect(await vault.destroyEpoch(epoch)).toBeNull();
    expect(texts(await vault.open([...old, young, credential]))).toEqual([null, null, null, 'young', 'lasts']);
  });
});

describe('master keys', () => {
  const [first, second, third] = ['master 1', 'master 2', 'master 3'].map(aKey) as [Uint8Array, Uint8Array, Uint8Array];

  it('are rotated while sealing goes on, any number of times, and the old one is needed by nothing then', async () => {
    const store = memoryKeyStore();
    let now = NOW;
    const before = vaultOn(store, { now: () => now });
    const made = [await one(before, session, 'a'), await one(before, streamName('credential', 'ann'), 'b')];
    now += HOUR;
    made.push(await one(before, streamName('session', 's2'), 'c'));

    const vault = vaultOn(store, { masterKeys: [second, first], now: () => now });
    const [newId, oldId] = (await vault.status()).masterKeys.map(({ id }) => id) as [string, string];
    expect(await vault.status()).toMatchObject({
      current: newId,
      masterKeys: [
        { id: newId, epochs: 0 },
        { id: oldId, epochs: 3 },
      ],
      unneeded: [],
      missing: [],
    });
    const [rotation] = await Promise.all([vault.rotate(), one(before, streamName('session', 's3'), 'd')]);
    expect(rotation).toEqual({ to: newId, rewrapped: 3, total: 3 });
    expect(await vault.rotate()).toEqual({ to: newId, rewrapped: 0, total: 3 });
    const status = await vault.status();
    expect(status).toMatchObject({ unneeded: [oldId], masterKeys: [{ epochs: 3 }, { epochs: 0 }] });
    expect(status.epochs.map(({ id, masterKey, dataKeys }) => [id === LASTING_EPOCH, masterKey, dataKeys])).toEqual([
      [true, newId, 16],
      [false, newId, 256],
      [false, newId, 256],
    ]);
    const alone = vaultOn(store, { masterKeys: [second] });
    expect(texts(await alone.open(made))).toEqual(['a', 'b', 'c']);
    expect(JSON.stringify(status)).not.toContain((await store.epochs())[0]?.wrapped);
  });

  it('that are missing are named, and what they wrap is no reason to leave the rest', async () => {
    const store = memoryKeyStore();
    const made = await one(vaultOn(store, { masterKeys: [first] }), session);
    await one(vaultOn(store, { masterKeys: [second] }), streamName('credential', 'ann'));
    const vault = vaultOn(store, { masterKeys: [third, second] });
    const { missing } = await vault.status();
    expect(missing).toEqual([{ id: expect.stringMatching(/^[\w-]{11}$/), epochs: 1 }]);
    expect(await vault.rotate()).toMatchObject({ rewrapped: 1, total: 2 });
    await expect(vault.open([made])).rejects.toMatchObject({ code: 'SEAL_BROKEN', fault: 'unknown_key' });
  });

  it('wrap the key of small secrets, so that rotation reaches those too', async () => {
    const store = memoryKeyStore();
    const [a, b] = [await vaultOn(store).secretRing(), await vaultOn(store).secretRing()];
    const secret = a.seal(bytes('s3cret'), 'credential/ann');
    expect(texts([b.open(secret, 'credential/ann')])).toEqual(['s3cret']);
    await vaultOn(store, { masterKeys: [second, first] }).rotate();
    const alone = await vaultOn(store, { masterKeys: [second] }).secretRing();
    expect(texts([alone.open(secret, 'credential/ann')])).toEqual(['s3cret']);
  });
});

describe('moving keys', () => {
  it('takes all of them along, wrapped as they are, and may be repeated', async () => {
    const [from, to] = [memoryKeyStore(), memoryKeyStore()];
    const made = [
      await one(vaultOn(from), session, 'a'),
      await one(vaultOn(from), streamName('credential', 'ann'), 'b'),
    ];
    for (const _ of [1, 2]) await importKeys(to, exportKeys(from));
    expect(await to.epochs()).toEqual(await from.epochs());
    expect(texts(await vaultOn(to).open(made))).toEqual(['a', 'b']);
  });

  it('leaves nothing settled, whatever was: no log has been asked about what is imported', async () => {
    const [from, to] = [memoryKeyStore(), memoryKeyStore()];
    await one(vaultOn(from), session);
    await from.settle(0, 70);
    expect(await importKeys(to, exportKeys(from))).toEqual({ epochs: 1, keys: (await from.epochs())[0]?.dataKeys });
    expect(await to.settledTo()).toBeLessThanOrEqual(0);
    await to.settle(await to.settledTo(), 90);
    const cutOff = async function* () {
      yield* exportKeys(from);
      throw new Error('The pipe broke.');
    };
    await expect(importKeys(to, cutOff())).rejects.toThrow('The pipe broke.');
    expect(await to.settledTo()).toBeLessThanOrEqual(0);
  });

  it('lets no settling count that began before its end', async () => {
    const [from, to] = [memoryKeyStore(), memoryKeyStore()];
    await one(vaultOn(from), session);
    const before = await to.settledTo();
    const during: number[] = [];
    const rows = async function* () {
      yield* exportKeys(from);
      expect(await to.settle(before, 50)).toBe(false);
      during.push(await to.settledTo());
    };
    await importKeys(to, rows());
    for (const known of [before, ...during]) expect(await to.settle(known, 50)).toBe(false);
    const settling = async function* () {
      yield* exportKeys(from);
      expect(await to.settle(await to.settledTo(), 50)).toBe(true);
    };
    await importKeys(to, settling());
    expect(await to.settledTo()).toBeLessThanOrEqual(0);
  });

  it('refuses a store that has keys of its own for the same time', async () => {
    const [from, to] = [memoryKeyStore(), memoryKeyStore()];
    await one(vaultOn(from), session);
    await one(vaultOn(to), session);
    await expect(importKeys(to, exportKeys(from))).rejects.toBeInstanceOf(KeysConflict);
  });
});
