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
import { sessions } from '../src/projections/index.ts';
import { fold } from './fold.ts';

const open = {
  sessionId: 'one',
  state: 'open',
  publisher: 'alice',
  tags: ['chat', 'de'],
  service: null,
  sdp: sdpOffer,
  createdAt: t0,
  expiresAt: t0 + offerTtlMs,
  answer: null,
  offererCandidates: 0,
  answererCandidates: 0,
  endedAt: null,
};
const inCall = {
  ...open,
  state: 'answered',
  expiresAt: answeredAt + answeredTtlMs,
  answer: { answerer: 'bob', sdp: sdpAnswer, matchedTags: ['chat'], answeredAt },
};

describe('the sessions projection', () => {
  it('shows an open offer', () => {
    expect(fold(sessions, offered()).row).toEqual(open);
    const service = { name: 'chat', version: '1.2.0' };
    expect(fold(sessions, offered({ service })).row).toEqual({ ...open, service });
  });

  it('shows new tags', () => {
    expect(fold(sessions, offered(), retagged()).row).toEqual({ ...open, tags: ['games'] });
  });

  it('shows the answer and the due time that came with it', () => {
    expect(fold(sessions, offered(), answered()).row).toEqual(inCall);
  });

  it('counts the candidates of each role, and not those that are held', () => {
    const ofAlice = (firstIndex: number) =>
      candidatesAdded({ role: 'offerer', identity: 'alice', firstIndex, candidates: [aCandidate(), aCandidate()] });
    const row = fold(sessions, offered(), ofAlice(0), candidatesHeld(), answered(), ofAlice(2), candidatesAdded()).row;
    expect(row).toEqual({ ...inCall, offererCandidates: 4, answererCandidates: 1 });
  });

  it('shows how and when a session ended: an expiry at its due time, however late it was recorded', () => {
    expect(fold(sessions, offered(), withdrawn()).row).toEqual({ ...open, state: 'withdrawn', endedAt: t0 + 2_000 });
    const late = expired({ expiredAt: t0 + offerTtlMs + 5_000 });
    expect(fold(sessions, offered(), late).row).toEqual({ ...open, state: 'expired', endedAt: t0 + offerTtlMs });
  });

  it('makes nothing of a stream whose beginning it has not seen', () => {
    const events = [retagged(), answered(), candidatesAdded(), candidatesHeld(), withdrawn(), expired()];
    for (const event of events) expect(fold(sessions, event).row).toBeUndefined();
  });
});
