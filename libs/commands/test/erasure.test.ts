import { KeysUnavailable, type PayloadSeal } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import { createErasure, type ErasureIndex, type ErasureTarget } from '../src/index.ts';
import { anAnswer, aReport, createRig, offers, once, type Rig, retryable } from './rig.ts';

/** A double of the vault: each stream has a key that is named after it, and what it seals is as it was, while it is there. */
const aSeal = () => {
  const destroyed = new Set<string>();
  const calls: (readonly string[])[] = [];
  const state = { away: false };
  const seal: PayloadSeal = {
    seal: async (stream, _first, payloads, keyId) => ({
      keyId:
        /^operations/.test(stream) || payloads.every(({ type }) => type.endsWith('Redacted'))
          ? null
          : (keyId ?? `key-of-${stream}`),
      data: payloads.map(({ data }) => data.slice()),
    }),
    open: async (payloads) => payloads.map(({ keyId, data }) => (keyId !== null && destroyed.has(keyId) ? null : data)),
  };
  return {
    ...{ seal, destroyed, calls, state },
    destroyDataKeys: async (ids: readonly string[]) => {
      if (state.away) throw new KeysUnavailable('The key store is away.');
      calls.push(ids);
      const before = destroyed.size;
      for (const id of ids) destroyed.add(id);
      return destroyed.size - before;
    },
  };
};

/** A double of the audit index: it knows what it is given, in pages as small as wanted. */
const anIndex = () => {
  const rows: { readonly identity: string; readonly sessionId: string; readonly publishedAt: number }[] = [];
  const state = { position: 0 };
  const index: ErasureIndex = {
    sessions: async ({ identity }, after, limit) => {
      const all = rows.filter((row) => row.identity === identity);
      const start = after === null ? 0 : all.findIndex(({ sessionId }) => sessionId === after.sessionId) + 1;
      return all.slice(start, start + limit);
    },
    position: async () => state.position,
  };
  return { index, rows, state };
};

const createErasing = () => {
  const keys = aSeal();
  const known = anIndex();
  const rig = createRig({ seal: keys.seal });
  let ids = 0;
  const erasure = createErasure({
    ...{ log: rig.log, keys, index: known.index, now: () => rig.clock.now(), newId: () => `erasure-${++ids}` },
    ...{ sessions: rig.sessions, credentials: rig.credentials, operations: rig.operations },
  });
  return {
    rig,
    keys,
    known,
    erasure,
    erase: (target: ErasureTarget, context = once) => erasure.erase(target, context),
  };
};

const as = (actor: string) => ({ ...once, metadata: { ...once.metadata, actor } });

const publish = async (rig: Rig, by: string): Promise<string> => {
  const result = await rig.sessions.publish(by, offers, as(by));
  if (result.kind === 'refused') throw new Error(result.refusal.code);
  return result.value[0]?.sessionId ?? '';
};

/** Alice's calls with bob, one of carol's that alice answered, one that alice only wanted, and one that is not hers. */
const calls = async (rig: Rig) => {
  const published = await publish(rig, 'alice');
  const answered = await publish(rig, 'carol');
  const visited = await publish(rig, 'carol');
  const others = await publish(rig, 'carol');
  await rig.sessions.answer('bob', published, anAnswer, as('bob'));
  await rig.sessions.answer('alice', answered, anAnswer, as('alice'));
  await rig.sessions.addCandidates('alice', visited, ['c'], as('alice'));
  await rig.sessions.answer('bob', visited, anAnswer, as('bob'));
  await rig.observations.record(published, shownAt(rig.clock.now()), as('system:observer'));
  await rig.credentials.issue({ name: 'alice', expiresAt: rig.clock.now() + 60_000, lifetime: 'fixed' }, once);
  return { published, answered, visited, others };
};

const shownAt = (at: number) => ({ discovered: { firstShownAt: at, times: 1 }, deliveries: [], refusals: [] });

const erasedAlready = { kind: 'refused', refusal: { code: 'offer_not_found' } };

const redactionsIn = async (rig: Rig) =>
  (await rig.recorded()).filter(({ type }) => type.endsWith('Redacted')).map(({ stream }) => stream);

describe('erasing a session', () => {
  it('destroys its keys and those of what was noticed of it, and then says so', async () => {
    const { rig, keys, erase } = createErasing();
    const { published } = await calls(rig);
    const erased = await erase({ sessionId: published });
    expect(erased).toEqual({
      ...{ erasureId: 'erasure-1', sessions: 1, credentials: 0, dataKeys: 2 },
      completedAt: rig.clock.now(),
    });
    expect(keys.calls).toEqual([[`key-of-session-${published}`, `key-of-observation-${published}`]]);
    const recorded = await rig.recorded();
    expect(recorded.slice(-2)).toEqual([
      {
        ...{ stream: `session-${published}`, type: 'SessionRedacted' },
        data: { reason: 'erasure', policy: 'erasure-1', redactedAt: rig.clock.now() },
      },
      {
        ...{ stream: expect.stringMatching(/^operations-/), type: 'ErasureCompleted' },
        data: { ...erased, sessionId: published, identity: null },
      },
    ]);
  });

  it('ends a live session for whoever wants something of it', async () => {
    const { rig, erase } = createErasing();
    const { others } = await calls(rig);
    await erase({ sessionId: others });
    const answer = await rig.sessions.answer('bob', others, anAnswer, once);
    expect(answer).toMatchObject({ kind: 'refused', refusal: { code: 'offer_not_found' } });
  });

  it('knows of no session that was never recorded, and leaves no trace of the question', async () => {
    const { rig, keys, erase } = createErasing();
    await calls(rig);
    const before = rig.log.all.length;
    expect(await erase({ sessionId: 'unknown' })).toBeNull();
    expect(await erase({ identity: 'nobody' })).toBeNull();
    expect([rig.log.all.length, keys.calls]).toEqual([before, []]);
  });
});

describe('erasing an identity', () => {
  it('erases what it published, answered, or tried to answer, and its credential, in one destruction', async () => {
    const { rig, keys, erase } = createErasing();
    const { published, answered, visited, others } = await calls(rig);
    const erased = await erase({ identity: 'alice' });
    expect(erased).toMatchObject({ sessions: 3, credentials: 1, dataKeys: 5 });
    expect(keys.calls).toHaveLength(1);
    const gone = [published, answered, visited].map((id) => `session-${id}`);
    expect((await redactionsIn(rig)).toSorted()).toEqual([...gone, 'credential-alice'].toSorted());
    expect(keys.destroyed).not.toContain(`key-of-session-${others}`);
    expect(JSON.stringify(await rig.recorded())).not.toContain('secret');
  });

  it('finds what the index knows and what it does not show yet, each once', async () => {
    const { rig, known, erase } = createErasing();
    const { published } = await calls(rig);
    known.rows.push({ identity: 'alice', sessionId: published, publishedAt: rig.clock.now() });
    known.state.position = 1; // of the first event alone
    expect(await erase({ identity: 'alice' })).toMatchObject({ sessions: 3 });
    known.state.position = rig.log.all.length;
    expect(await erase({ identity: 'alice' })).toMatchObject({ sessions: 1 });
  });

  it('goes through an index of many pages and a log of many', async () => {
    const { rig, known, erase } = createErasing();
    for (let i = 0; i < 2_100; i++) {
      const sessionId = await publish(rig, 'alice');
      if (i < 1_050) known.rows.push({ identity: 'alice', sessionId, publishedAt: i });
    }
    known.state.position = 1_050;
    expect(await erase({ identity: 'alice' })).toMatchObject({ sessions: 2_100, dataKeys: 2_100 });
  });
});

describe('an erasure that did not come to its end', () => {
  it('has said nothing when the keys could not be destroyed', async () => {
    const { rig, keys, erase } = createErasing();
    await calls(rig);
    const before = rig.log.all.length;
    keys.state.away = true;
    await expect(erase({ identity: 'alice' })).rejects.toThrow(KeysUnavailable);
    expect(rig.log.all.length).toBe(before);
  });

  it.each([0, 1, 2, 3, 4])('is completed by the next when the log failed after %i events', async (appended) => {
    const { rig, keys, erase } = createErasing();
    await calls(rig);
    rig.log.failAfter(appended);
    await expect(erase({ identity: 'alice' })).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(keys.destroyed.size).toBe(5);
    rig.log.failAfter(Number.POSITIVE_INFINITY);
    expect(await erase({ identity: 'alice' })).toMatchObject({ sessions: 3, credentials: 1, dataKeys: 0 });
    expect(await redactionsIn(rig)).toHaveLength(4);
    const completed = (await rig.recorded()).filter(({ type }) => type === 'ErasureCompleted');
    expect(completed).toHaveLength(1);
  });

  it('says nothing twice when it is repeated', async () => {
    const { rig, erase } = createErasing();
    await calls(rig);
    await erase({ identity: 'alice' });
    expect(await erase({ identity: 'alice' })).toMatchObject({ sessions: 3, credentials: 1, dataKeys: 0 });
    expect(await redactionsIn(rig)).toHaveLength(4);
  });

  it('is the same erasure when the same request comes again', async () => {
    const { rig, erase } = createErasing();
    const { published } = await calls(rig);
    const again = retryable('request-1');
    expect(await erase({ sessionId: published }, again)).toMatchObject({ erasureId: 'request-1', dataKeys: 2 });
    await erase({ sessionId: published }, again);
    const completed = (await rig.recorded()).filter(({ type }) => type === 'ErasureCompleted');
    expect(completed).toHaveLength(1);
  });

  it('destroys what was noticed of the session while it ran', async () => {
    const { rig, keys, erase } = createErasing();
    const { others } = await calls(rig);
    const { destroyDataKeys } = keys;
    let times = 0;
    keys.destroyDataKeys = async (ids) => {
      const count = await destroyDataKeys(ids);
      if (times++ === 0) await rig.observations.record(others, shownAt(rig.clock.now()), once);
      return count;
    };
    expect(await erase({ sessionId: others })).toMatchObject({ dataKeys: 2 });
    expect(keys.destroyed).toContain(`key-of-observation-${others}`);
  });

  it('destroys that of each session, also for an identity without a credential', async () => {
    const { rig, keys, erase } = createErasing();
    const [noticed, others] = [await publish(rig, 'alice'), await publish(rig, 'alice')];
    const record = (id: string) => rig.observations.record(id, shownAt(rig.clock.now()), once);
    await record(noticed);
    const { destroyDataKeys } = keys;
    let times = 0;
    keys.destroyDataKeys = async (ids) => {
      const count = await destroyDataKeys(ids);
      if (times++ === 0) await record(others);
      return count;
    };
    expect(await erase({ identity: 'alice' })).toMatchObject({ sessions: 2, credentials: 0, dataKeys: 4 });
    expect(keys.destroyed).toContain(`key-of-observation-${others}`);
  });

  it('is not followed by observations, whatever the read models still show', async () => {
    const { rig, keys, erase } = createErasing();
    const { published, others } = await calls(rig);
    for (const id of [published, others]) await erase({ sessionId: id });
    const before = rig.log.all.length;
    expect(await rig.observations.record(others, shownAt(rig.clock.now()), once)).toEqual(erasedAlready);
    expect(await rig.observations.report('carol', others, 'offerer', aReport, once)).toEqual(erasedAlready);
    expect(await rig.observations.report('carol', others, 'offerer', aReport, retryable('r'))).toEqual(erasedAlready);
    expect(rig.log.all.length).toBe(before);
    expect(keys.destroyed).not.toContain(`key-of-observation-${others}`);
  });
});
