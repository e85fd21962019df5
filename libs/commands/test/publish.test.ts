import { metadata, settle, t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRig, lifetimes, offers, once, type Rig, retryable } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});

const three = { ...offers, service: { name: 'chat', version: '1.2.0' }, ttlMs: 20_000, sdps: ['one', 'two', 'three'] };
const publish = (context = once, wanted: Parameters<Rig['sessions']['publish']>[1] = three) =>
  rig.sessions.publish('alice', wanted, context);

const doneIn = async (result: ReturnType<typeof publish>) => {
  const answer = await result;
  if (answer.kind === 'refused') throw new Error(answer.refusal.code);
  return answer;
};

describe('publishing', () => {
  it('makes a session of each description, and answers with all of them in order', async () => {
    const result = await publish();
    const ids = rig.log.all.map(({ stream }) => stream.replace('session-', ''));
    expect(new Set(ids).size).toBe(3);
    const published = (index: number, sdp: string) => ({
      ...{ sessionId: ids[index], sdp, createdAt: t0, expiresAt: t0 + 20_000 },
    });
    expect(result).toStrictEqual({
      kind: 'done',
      value: [published(0, 'one'), published(1, 'two'), published(2, 'three')],
      writes: ids.map((id) => ({ stream: `session-${id}`, revision: 0 })),
      changed: true,
    });
    expect(await rig.recorded()).toStrictEqual(
      ['one', 'two', 'three'].map((sdp, index) => ({
        stream: `session-${ids[index]}`,
        type: 'OfferPublished',
        data: {
          ...{ publisher: 'alice', tags: ['chat', 'de'], service: { name: 'chat', version: '1.2.0' }, sdp },
          ...{ publishedAt: t0, expiresAt: t0 + 20_000 },
        },
      })),
    );
    for (const event of rig.log.all) expect(event.metadata).toStrictEqual(metadata());
  });

  it.each([
    ['nothing said is the default', null, lifetimes.defaultTtlMs],
    ['nought is raised to the minimum', 0, lifetimes.minTtlMs],
    ['just too short is raised to the minimum', lifetimes.minTtlMs - 1, lifetimes.minTtlMs],
    ['the minimum is taken', lifetimes.minTtlMs, lifetimes.minTtlMs],
    ['what lies between is taken', 123_456, 123_456],
    ['the maximum is taken', lifetimes.maxTtlMs, lifetimes.maxTtlMs],
    ['just too long is cut to the maximum', lifetimes.maxTtlMs + 1, lifetimes.maxTtlMs],
  ])('clamps the lifetime: %s', async (_, ttlMs, lived) => {
    const { value } = await doneIn(publish(once, { ...offers, ttlMs }));
    expect(value.map(({ expiresAt }) => expiresAt - t0)).toEqual([lived]);
    expect(await rig.recorded()).toMatchObject([{ data: { publishedAt: t0, expiresAt: t0 + lived } }]);
  });

  it('is done only when the read models show all of it', async () => {
    const letThemShow = rig.holdReadModels();
    let done = false;
    const result = publish().finally(() => {
      done = true;
    });
    await settle();
    expect([done, rig.log.all.length]).toEqual([false, 3]);
    expect(rig.settledUpTo.toSorted()).toEqual([1, 2, 3]);
    letThemShow();
    const { writes } = await doneIn(result);
    expect(writes).toHaveLength(3);
    expect(rig.settledWrites.toSorted((a, b) => (a.stream < b.stream ? -1 : 1))).toEqual(writes);
  });
});

describe('the quota', () => {
  it('is asked once for all of the offers, for the caller, at the time of the command', async () => {
    await publish();
    expect(rig.quota.asked).toStrictEqual([{ identity: 'alice', count: 3, now: t0 }]);
  });

  it('holds the places until the sessions can be seen, and no longer', async () => {
    const letThemShow = rig.holdReadModels();
    const result = publish();
    await settle();
    expect(rig.quota.held()).toBe(3);
    letThemShow();
    const { writes } = await doneIn(result);
    expect(rig.quota.held()).toBe(0);
    expect(rig.quota.released).toEqual([writes]);
    expect(writes).toHaveLength(3);
  });

  it.each([
    ['too_many_for_identity', { code: 'too_many_sessions', limit: 7 }],
    ['too_many_in_all', { code: 'storage_full', limit: 7 }],
  ] as const)('%s refuses, and nothing is written', async (kind, refusal) => {
    rig.quota.refuse(kind, 7);
    expect(await publish()).toStrictEqual({ kind: 'refused', refusal });
    expect(rig.log.all).toEqual([]);
    expect(rig.quota.held()).toBe(0);
  });

  it('has its places back when the log fails', async () => {
    rig.log.failAfter(1);
    await expect(publish()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(rig.quota.held()).toBe(0);
    expect(rig.quota.released, 'the one that was recorded counts').toEqual([
      [{ stream: rig.log.all[0]?.stream, revision: 0 }],
    ]);
  });

  it('keeps its places until the last of the offers is recorded or has failed', async () => {
    const letThemShow = rig.holdReadModels();
    rig.log.failAfter(1);
    const result = publish();
    const outcome = expect(result).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await settle();
    expect([rig.quota.held(), rig.log.all.length]).toEqual([3, 1]);
    letThemShow();
    await outcome;
    expect(rig.quota.held()).toBe(0);
  });

  it('has its places back when the command is refused', async () => {
    rig.log.loseRaces(Number.POSITIVE_INFINITY);
    expect(await publish()).toStrictEqual({ kind: 'refused', refusal: { code: 'contended' } });
    expect(rig.quota.held()).toBe(0);
    expect(rig.quota.released).toEqual([[]]);
    expect(rig.log.all).toEqual([]);
  });
});

describe('a retry of a publish', () => {
  it('has one effect and gives the first answer, however much later', async () => {
    const first = await doneIn(publish(retryable('key')));
    await rig.clock.advance(5_000);
    const again = await doneIn(publish(retryable('key')));
    expect(again).toStrictEqual({ ...first, changed: false });
    expect(rig.log.all).toHaveLength(3);
    expect(first.value.map(({ sessionId }) => sessionId)).toEqual(['key.0', 'key.1', 'key.2']);
  });

  it('gives the first answer also when those sessions have ended', async () => {
    const first = await doneIn(publish(retryable('key')));
    await rig.sessions.withdraw('alice', 'key.0', 'withdrawn', once);
    await rig.clock.advance(20_000);
    await rig.sessions.expire('key.1', once);
    const recorded = rig.log.all.length;
    expect(await publish(retryable('key'))).toStrictEqual({ ...first, changed: false });
    expect(rig.log.all).toHaveLength(recorded);
  });

  it('is not asked for a place, so that it gets its first answer also when there is none left', async () => {
    const first = await doneIn(publish(retryable('key')));
    expect(rig.quota.asked).toHaveLength(1);
    rig.quota.refuse('too_many_for_identity', 3);
    expect(await publish(retryable('key'))).toStrictEqual({ ...first, changed: false });
    expect(await publish(retryable('another'))).toMatchObject({ kind: 'refused' });
  });

  it('completes what the first try left undone', async () => {
    rig.log.failAfter(2);
    await expect(publish(retryable('key'))).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(rig.log.all).toHaveLength(2);
    expect(rig.quota.asked.map(({ count }) => count)).toEqual([3]);
    rig.log.failAfter(Number.POSITIVE_INFINITY);
    await rig.clock.advance(1_000);
    const { value, changed } = await doneIn(publish(retryable('key')));
    expect(changed).toBe(true);
    expect(rig.quota.asked.slice(1), 'the two that are there count already').toEqual([
      { identity: 'alice', count: 1, now: t0 + 1_000 },
    ]);
    expect(rig.quota.held()).toBe(0);
    expect(value.map(({ sessionId, sdp }) => [sessionId, sdp])).toEqual([
      ['key.0', 'one'],
      ['key.1', 'two'],
      ['key.2', 'three'],
    ]);
    expect(value.map(({ createdAt }) => createdAt - t0)).toEqual([0, 0, 1_000]);
    expect(
      rig.quota.asked.map(({ count }) => count),
      'places for the rest alone',
    ).toEqual([3, 1]);
    expect(rig.quota.held()).toBe(0);
    expect(rig.log.all.map(({ stream }) => stream).toSorted()).toEqual([0, 1, 2].map((n) => `session-key.${n}`));
  });

  it('is refused when there is no place for what the first try left undone, and records nothing', async () => {
    rig.log.failAfter(1);
    await expect(publish(retryable('key'))).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    rig.log.failAfter(Number.POSITIVE_INFINITY);
    rig.quota.refuse('too_many_for_identity', 1);
    expect(await publish(retryable('key'))).toStrictEqual({
      kind: 'refused',
      refusal: { code: 'too_many_sessions', limit: 1 },
    });
    expect(rig.log.all).toHaveLength(1);
  });

  it('is refused when there is no place for the rest of it, and leaves what is there', async () => {
    rig.log.failAfter(2);
    await expect(publish(retryable('key'))).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    rig.log.failAfter(Number.POSITIVE_INFINITY);
    rig.quota.refuse('too_many_for_identity', 2);
    expect(await publish(retryable('key'))).toStrictEqual({
      ...{ kind: 'refused', refusal: { code: 'too_many_sessions', limit: 2 } },
    });
    expect(rig.log.all).toHaveLength(2);
  });

  it('is another publish when it has no id', async () => {
    const [first, second] = [await doneIn(publish()), await doneIn(publish())];
    const ids = [...first.value, ...second.value].map(({ sessionId }) => sessionId);
    expect(new Set(ids).size).toBe(6);
    expect(rig.log.all).toHaveLength(6);
  });
});
