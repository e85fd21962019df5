import { type SessionEvent, session } from '@signalbox/domain';
import {
  aCandidate,
  answered,
  answeredAt,
  answeredTtlMs,
  candidatesAdded,
  candidatesHeld,
  expired,
  offered,
  offerTtlMs,
  retagged,
  sdpAnswer,
  sdpOffer,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { describe, expect, it } from 'vitest';

const stateAfter = (...events: readonly SessionEvent[]) => events.reduce(session.evolve, session.initial);
const every: readonly SessionEvent[] = [
  offered(),
  retagged(),
  answered(),
  candidatesAdded(),
  candidatesAdded({ role: 'offerer', identity: 'alice' }),
  candidatesHeld(),
  withdrawn(),
  expired(),
];

describe('the state of a session', () => {
  it('is absent at first', () => expect(stateAfter()).toEqual({ status: 'absent' }));

  it('holds what later decisions need, while it is open', () =>
    expect(
      stateAfter(
        offered(),
        candidatesAdded({ role: 'offerer', identity: 'alice', batchId: 'a-1' }),
        candidatesHeld({ identity: 'carol', batchId: 'c-1' }),
        candidatesHeld({ candidates: [aCandidate(1)], batchId: 'b-1' }),
        candidatesHeld({ candidates: [aCandidate(2)], batchId: 'b-2', evicted: 'carol' }),
        retagged(),
      ),
    ).toEqual({
      status: 'open',
      publisher: 'alice',
      tags: ['games'],
      sdp: sdpOffer,
      publishedAt: t0,
      expiresAt: t0 + offerTtlMs,
      offerer: { count: 1, batchIds: ['a-1'] },
      held: [{ identity: 'bob', candidates: [aCandidate(1), aCandidate(2)], batchIds: ['b-1', 'b-2'] }],
      timesHeld: 3,
    }));

  it('forgets the offer and what was held for others, once it is answered', () =>
    expect(
      stateAfter(
        offered(),
        candidatesHeld({ identity: 'carol', batchId: 'c-1' }),
        candidatesHeld({ batchId: 'b-1' }),
        candidatesHeld({ batchId: 'b-2' }),
        answered(),
        candidatesAdded({ candidates: [aCandidate(), aCandidate()], batchId: 'b-2' }),
        candidatesAdded({ batchId: 'b-3', firstIndex: 2 }),
      ),
    ).toEqual({
      status: 'answered',
      publisher: 'alice',
      tags: ['chat', 'de'],
      publishedAt: t0,
      answerer: 'bob',
      answer: sdpAnswer,
      answeredAt,
      expiresAt: answeredAt + answeredTtlMs,
      offerer: { count: 0, batchIds: [] },
      answering: { count: 3, batchIds: ['b-1', 'b-2', 'b-3'] },
    }));

  it('keeps of an ended session how and when it ended, and who may be told', () => {
    expect(stateAfter(offered(), answered(), withdrawn())).toEqual({
      status: 'ended',
      how: 'withdrawn',
      endedAt: t0 + 2_000,
      publisher: 'alice',
      answerer: 'bob',
    });
    expect(stateAfter(offered(), expired({ expiredAt: t0 + offerTtlMs + 900 }))).toEqual({
      status: 'ended',
      how: 'expired',
      endedAt: t0 + offerTtlMs,
      publisher: 'alice',
      answerer: null,
    });
  });

  it.each([
    ['absent', [], every.slice(1)],
    ['open', [offered()], [offered({ publisher: 'mallory' }), candidatesAdded()]],
    ['answered', [offered(), answered()], [offered(), answered({ answerer: 'mallory' }), candidatesHeld()]],
    ['ended', [offered(), answered(), expired()], every],
  ] as const)('stays as it is, when %s, at an event that does not fit', (_, history, misfits) => {
    const state = stateAfter(...history);
    for (const misfit of misfits) expect(session.evolve(state, misfit)).toBe(state);
  });
});
