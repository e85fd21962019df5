import {
  answered,
  answeredAt,
  answeredTtlMs,
  candidatesAdded,
  expired,
  offered,
  offerTtlMs,
  sdpAnswer,
  sdpOffer,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SessionAnswer } from '../src/index.ts';
import { createRig, type Rig } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});

const find = (caller: string): Promise<SessionAnswer> => rig.sessions.find(caller, 's1');

const open = {
  ...{ sessionId: 's1', state: 'open', publisher: 'alice', tags: ['chat', 'de'], service: null, sdp: sdpOffer },
  ...{ createdAt: t0, expiresAt: t0 + offerTtlMs, answer: null, offererCandidates: 0, answererCandidates: 0 },
  endedAt: null,
};

describe('a session is found', () => {
  it('by its publisher while it is open, and not by anyone else', async () => {
    await rig.record('s1', offered());
    expect(await find('alice')).toStrictEqual({ kind: 'found', session: open });
    expect(await find('bob')).toStrictEqual({ kind: 'not_a_party', session: open });
    expect(await rig.sessions.find('alice', 's2')).toStrictEqual({ kind: 'not_found' });
  });

  it('by both of its parties once it is answered', async () => {
    await rig.record('s1', offered(), answered(), candidatesAdded());
    const session = {
      ...open,
      ...{ state: 'answered', expiresAt: answeredAt + answeredTtlMs, answererCandidates: 1 },
      answer: { answerer: 'bob', sdp: sdpAnswer, matchedTags: ['chat'], answeredAt },
    };
    for (const party of ['alice', 'bob']) expect(await find(party)).toStrictEqual({ kind: 'found', session });
    expect(await find('carol')).toStrictEqual({ kind: 'not_a_party', session });
  });
});

describe('a session that has ended', () => {
  it.each([
    ['withdrawn', withdrawn(), t0 + 2_000],
    ['expired', expired({ was: 'answered', dueAt: t0 + 31_000, expiredAt: t0 + 31_200 }), t0 + 31_000],
  ] as const)('is said to be %s to its parties, and is not there for others', async (how, event, endedAt) => {
    await rig.record('s1', offered(), answered(), event);
    for (const party of ['alice', 'bob']) {
      expect(await find(party)).toMatchObject({ kind: 'ended', how, endedAt, session: { state: how, endedAt } });
    }
    expect(await find('carol')).toStrictEqual({ kind: 'not_found' });
  });

  it('has ended at its due time, though nothing has recorded it yet', async () => {
    await rig.record('s1', offered(), answered());
    const dueAt = answeredAt + answeredTtlMs;
    rig.clock.set(dueAt - 1);
    expect(await find('bob')).toMatchObject({ kind: 'found' });
    rig.clock.set(dueAt);
    for (const party of ['alice', 'bob']) {
      expect(await find(party)).toMatchObject({ kind: 'ended', how: 'expired', endedAt: dueAt });
    }
    expect(await find('carol')).toStrictEqual({ kind: 'not_found' });
  });
});

it('live sessions are counted, and listed for their publisher from the oldest, without what is due', async () => {
  await rig.record('s1', offered({ expiresAt: t0 + 10 }));
  await rig.record('s2', offered({ publisher: 'bob' }));
  await rig.record('s3', offered());
  await rig.record('s4', offered(), withdrawn());
  await rig.record('s5', offered(), answered());
  const mine = async () => (await rig.sessions.livePublishedBy('alice')).map(({ sessionId }) => sessionId);
  expect([await mine(), await rig.sessions.liveCount()]).toEqual([['s1', 's3', 's5'], 4]);
  await rig.clock.advance(10);
  expect([await mine(), await rig.sessions.liveCount()]).toEqual([['s3', 's5'], 3]);
});
