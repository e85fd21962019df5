import { aCandidate, settle, t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { anAnswer, answerOne, createRig, lifetimes, once, publishOne, type Rig, retryable } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});

const refusedWith = (refusal: object) => ({ kind: 'refused', refusal });
const done = (value: unknown, id: string, revision: number, changed = true) => ({
  ...{ kind: 'done', value, changed },
  writes: [{ stream: `session-${id}`, revision }],
});
const answer = (id: string, over = {}, by = 'bob', context = once) =>
  rig.sessions.answer(by, id, { ...anAnswer, ...over }, context);

describe('answering', () => {
  it('gives the session its own lifetime from now on', async () => {
    const id = await publishOne(rig);
    await rig.clock.advance(1_000);
    const value = { answeredAt: t0 + 1_000, expiresAt: t0 + 1_000 + lifetimes.answeredTtlMs };
    expect(await answer(id)).toStrictEqual(done(value, id, 1));
    expect((await rig.recorded())[1]).toStrictEqual({
      ...{ stream: `session-${id}`, type: 'OfferAnswered' },
      data: { answerer: 'bob', sdp: 'v=0 answer', matchedTags: ['chat'], ...value },
    });
  });

  it('lets the offer live out its own time where a dialect has it so', async () => {
    const id = await publishOne(rig);
    await rig.clock.advance(1_000);
    const value = { answeredAt: t0 + 1_000, expiresAt: t0 + lifetimes.defaultTtlMs };
    expect(await answer(id, { keepsLifetime: true })).toStrictEqual(done(value, id, 1));
  });

  it('is refused where there is no offer, where someone has won, and for tags that the offer does not have', async () => {
    expect(await answer('nothing')).toStrictEqual(refusedWith({ code: 'offer_not_found' }));
    const id = await publishOne(rig);
    expect(await answer(id, { matchedTags: ['chat', 'fr'] })).toStrictEqual(
      refusedWith({ code: 'tags_not_on_offer', tags: ['fr'] }),
    );
    await answer(id);
    await rig.clock.advance(1_000);
    expect(await answer(id, {}, 'carol')).toStrictEqual(
      refusedWith({ code: 'offer_already_answered', answerer: 'bob', answeredAt: t0 }),
    );
    expect(await rig.recorded()).toHaveLength(2);
  });

  it('is refused once the time is over, whether or not the end is recorded: as ended to its parties alone', async () => {
    const id = await publishOne(rig);
    await rig.clock.advance(lifetimes.defaultTtlMs);
    const ended = { code: 'session_ended', how: 'expired', endedAt: t0 + lifetimes.defaultTtlMs };
    for (const recorded of [false, true]) {
      if (recorded) await rig.sessions.expire(id, once);
      expect(await answer(id, {}, 'alice')).toStrictEqual(refusedWith(ended));
      expect(await answer(id, {}, 'carol')).toStrictEqual(refusedWith({ code: 'offer_not_found' }));
    }
  });

  it('again by its winner changes nothing and gives the first times; a retry does so after the end, too', async () => {
    const id = await publishOne(rig);
    const value = { answeredAt: t0, expiresAt: t0 + lifetimes.answeredTtlMs };
    expect(await answer(id, {}, 'bob', retryable('key'))).toStrictEqual(done(value, id, 1));
    await rig.clock.advance(1_000);
    expect(await answer(id)).toStrictEqual(done(value, id, 1, false));
    expect(await answer(id, {}, 'bob', retryable('key'))).toStrictEqual(done(value, id, 1, false));
    await rig.sessions.withdraw('alice', id, 'withdrawn', once);
    expect(await answer(id, {}, 'bob', retryable('key'))).toStrictEqual(done(value, id, 1, false));
    expect(await answer(id)).toMatchObject(refusedWith({ code: 'session_ended', how: 'withdrawn' }));
    expect((await rig.recorded()).map(({ type }) => type)).toEqual([
      ...['OfferPublished', 'OfferAnswered', 'SessionWithdrawn'],
    ]);
  });
});

describe('trickling', () => {
  const add = (id: string, by: string, ports: readonly number[], context = once) =>
    rig.sessions.addCandidates(by, id, ports.map(aCandidate), context);

  it('adds for each party, and holds for whoever may yet answer', async () => {
    const id = await publishOne(rig);
    expect(await add(id, 'bob', [1])).toStrictEqual(done({ count: 1 }, id, 1));
    expect(await add(id, 'alice', [2, 3])).toStrictEqual(done({ count: 2 }, id, 2));
    await answer(id);
    expect(await add(id, 'bob', [4, 5])).toStrictEqual(done({ count: 2 }, id, 5));
    const recorded = (await rig.recorded()).flatMap((event) =>
      event.type === 'CandidatesAdded' || event.type === 'CandidatesHeld' ? [[event.type, event.data.candidates]] : [],
    );
    expect(recorded).toEqual([
      ['CandidatesHeld', [aCandidate(1)]],
      ['CandidatesAdded', [aCandidate(2), aCandidate(3)]],
      ['CandidatesAdded', [aCandidate(1)]],
      ['CandidatesAdded', [aCandidate(4), aCandidate(5)]],
    ]);
  });

  it('is refused beyond the limit of a role, to strangers after the answer, and where there is nothing', async () => {
    const id = await answerOne(rig);
    await add(id, 'alice', [1, 2]);
    expect(await add(id, 'alice', [3, 4])).toStrictEqual(
      refusedWith({ code: 'too_many_candidates', limit: 3, have: 2 }),
    );
    expect(await add(id, 'alice', [3])).toMatchObject({ kind: 'done' });
    expect(await add(id, 'carol', [1])).toStrictEqual(refusedWith({ code: 'not_authorized' }));
    expect(await add('nothing', 'alice', [1])).toStrictEqual(refusedWith({ code: 'offer_not_found' }));
  });

  it('retried adds once and counts the same, also when the limit is reached; with no id it adds again', async () => {
    const id = await answerOne(rig);
    expect(await add(id, 'bob', [1, 2], retryable('key'))).toStrictEqual(done({ count: 2 }, id, 2));
    expect(await add(id, 'bob', [3])).toMatchObject({ kind: 'done', changed: true });
    expect(await add(id, 'bob', [1, 2], retryable('key'))).toStrictEqual(done({ count: 2 }, id, 2, false));
    expect(await add(id, 'bob', [3])).toStrictEqual(refusedWith({ code: 'too_many_candidates', limit: 3, have: 3 }));
    expect(await rig.recorded()).toHaveLength(4);
  });

  it('names a batch after its command, and every other one anew', async () => {
    const id = await answerOne(rig);
    await add(id, 'bob', [1], retryable('key'));
    await add(id, 'bob', [2]);
    await add(id, 'bob', [3]);
    const ids = (await rig.recorded()).flatMap((e) => (e.type === 'CandidatesAdded' ? [e.data.batchId] : []));
    expect(ids[0]).toBe('key');
    expect(new Set(ids).size).toBe(3);
  });
});

describe('retagging and withdrawing', () => {
  it('are the publisher’s alone', async () => {
    const id = await publishOne(rig);
    const notAuthorized = refusedWith({ code: 'not_authorized' });
    expect(await rig.sessions.retag('bob', id, ['x'], once)).toStrictEqual(notAuthorized);
    expect(await rig.sessions.withdraw('bob', id, 'withdrawn', once)).toStrictEqual(notAuthorized);
    expect(await rig.sessions.retag('alice', id, ['x'], once)).toStrictEqual(done(null, id, 1));
    expect(await rig.sessions.withdraw('alice', id, 'replaced', once)).toStrictEqual(done(null, id, 2));
    expect((await rig.recorded()).slice(1)).toStrictEqual([
      { stream: `session-${id}`, type: 'SessionRetagged', data: { tags: ['x'], retaggedAt: t0 } },
      { stream: `session-${id}`, type: 'SessionWithdrawn', data: { reason: 'replaced', withdrawnAt: t0 } },
    ]);
  });

  it('of what is not there are refused; withdrawing twice is withdrawing once', async () => {
    const notFound = refusedWith({ code: 'offer_not_found' });
    expect(await rig.sessions.retag('alice', 'nothing', ['x'], once)).toStrictEqual(notFound);
    expect(await rig.sessions.withdraw('alice', 'nothing', 'withdrawn', once)).toStrictEqual(notFound);
    const id = await publishOne(rig);
    await rig.sessions.withdraw('alice', id, 'withdrawn', once);
    expect(await rig.sessions.withdraw('alice', id, 'withdrawn', once)).toStrictEqual(done(null, id, 1, false));
    expect(await rig.sessions.retag('alice', id, ['x'], once)).toStrictEqual(
      refusedWith({ code: 'session_ended', how: 'withdrawn', endedAt: t0 }),
    );
  });
});

describe('expiring', () => {
  const nothing = { lateMs: null };

  it('before the due time does nothing, and of what is not there neither', async () => {
    const id = await publishOne(rig);
    await rig.clock.advance(lifetimes.defaultTtlMs - 1);
    expect(await rig.sessions.expire(id, once)).toStrictEqual(done(nothing, id, 0, false));
    expect(await rig.sessions.expire('nothing', once)).toStrictEqual(done(nothing, 'nothing', -1, false));
    expect(await rig.recorded()).toHaveLength(1);
  });

  it('at the due time ends it, and later tells how late; twice is once', async () => {
    const [open, answered] = [await publishOne(rig), await answerOne(rig)];
    await rig.clock.advance(lifetimes.answeredTtlMs);
    expect(await rig.sessions.expire(answered, once)).toStrictEqual(done({ lateMs: 0 }, answered, 2));
    await rig.clock.advance(lifetimes.defaultTtlMs - lifetimes.answeredTtlMs + 250);
    expect(await rig.sessions.expire(open, once)).toStrictEqual(done({ lateMs: 250 }, open, 1));
    for (const [id, revision] of [
      [open, 1],
      [answered, 2],
    ] as const) {
      expect(await rig.sessions.expire(id, once)).toStrictEqual(done(nothing, id, revision, false));
    }
    const ends = (await rig.recorded()).flatMap((e) => (e.type === 'SessionExpired' ? [e.data] : []));
    const [dueOpen, dueAnswered] = [t0 + lifetimes.defaultTtlMs, t0 + lifetimes.answeredTtlMs];
    expect(ends).toStrictEqual([
      { dueAt: dueAnswered, was: 'answered', expiredAt: dueAnswered },
      { dueAt: dueOpen, was: 'open', expiredAt: dueOpen + 250 },
    ]);
  });

  it('what was withdrawn does nothing', async () => {
    const id = await publishOne(rig);
    await rig.sessions.withdraw('alice', id, 'withdrawn', once);
    await rig.clock.advance(lifetimes.defaultTtlMs);
    expect(await rig.sessions.expire(id, once)).toStrictEqual(done(nothing, id, 1, false));
  });
});

describe('every command', () => {
  type Command = readonly [string, (id: string) => Promise<{ readonly kind: string }>];
  const commands: readonly Command[] = [
    ['retag', (id) => rig.sessions.retag('alice', id, ['x'], once)],
    ['withdraw', (id) => rig.sessions.withdraw('alice', id, 'withdrawn', once)],
    ['answer', (id) => answer(id)],
    ['addCandidates', (id) => rig.sessions.addCandidates('alice', id, [aCandidate()], once)],
    [
      'expire',
      (id) => {
        rig.clock.set(t0 + lifetimes.defaultTtlMs);
        return rig.sessions.expire(id, once);
      },
    ],
  ];

  it.each(commands)('%s is done when the read models show what it wrote, and not before', async (_, run) => {
    const id = await publishOne(rig);
    const letThemShow = rig.holdReadModels();
    let isDone = false;
    const result = run(id).finally(() => {
      isDone = true;
    });
    await settle();
    expect([isDone, rig.log.all.length, rig.settledUpTo.at(-1)]).toEqual([false, 2, 2]);
    letThemShow();
    expect((await result).kind).toBe('done');
  });

  it.each(commands)('%s is refused as contended when others keep winning, and wins when they stop', async (_, run) => {
    const id = await publishOne(rig);
    rig.log.loseRaces(Number.POSITIVE_INFINITY);
    expect(await run(id)).toStrictEqual(refusedWith({ code: 'contended' }));
    expect(rig.log.all).toHaveLength(1);
    rig.log.loseRaces(3);
    expect(await run(id)).toMatchObject({ kind: 'done', changed: true });
    expect(rig.log.all).toHaveLength(2);
  });

  it.each(commands)('%s passes on what the log throws, and has written nothing', async (_, run) => {
    const id = await publishOne(rig);
    rig.log.failAfter(0);
    await expect(run(id)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(rig.log.all).toHaveLength(1);
  });

  it('that changes nothing waits for no read model', async () => {
    const id = await publishOne(rig);
    rig.holdReadModels();
    expect(await rig.sessions.retag('alice', id, ['chat', 'de'], once)).toStrictEqual(done(null, id, 0, false));
  });
});
