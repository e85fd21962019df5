import { memoryObservations } from '@signalbox/memory';
import type { SessionRow } from '@signalbox/read-models';
import { describe, expect, it } from 'vitest';
import { createNotices } from '../src/notices.ts';

const NOW = 1_790_000_000_000;

const aRig = () => {
  const observations = memoryObservations();
  const notices = createNotices({ observations, now: () => NOW });
  return { notices, taken: async () => (await observations.take(10, NOW)).sessions };
};

describe('notices', () => {
  it('tell which of the two an item was handed to, and how many candidates that makes', async () => {
    const { notices, taken } = aRig();
    const candidates = {
      type: 'candidates',
      from: 'bob',
      role: 'answerer',
      candidates: [1, 2],
      firstIndex: 3,
    } as const;
    notices.delivered('alice', [
      { sessionId: 'one', delivered: { type: 'answered', answerer: 'bob', sdp: 'v=0', matchedTags: null } },
      { sessionId: 'one', delivered: candidates },
      { sessionId: 'two', delivered: { type: 'expired', was: 'answered' } },
    ]);
    const span = { firstAt: NOW, lastAt: NOW };
    expect(await taken()).toEqual([
      {
        ...{ sessionId: 'one', since: NOW, discovered: null, refusals: [] },
        deliveries: [
          { to: 'alice', role: 'offerer', what: 'answer', upTo: 1, ...span },
          { to: 'alice', role: 'offerer', what: 'candidates', upTo: 5, ...span },
        ],
      },
    ]);
  });

  it('count a session that its offerer reads as the delivery of its answer, and nothing else', async () => {
    const { notices, taken } = aRig();
    const open: SessionRow = {
      ...{ sessionId: 'one', state: 'open', publisher: 'alice', tags: [], service: null, sdp: 'v=0' },
      ...{
        createdAt: NOW,
        expiresAt: NOW + 1,
        answer: null,
        offererCandidates: 0,
        answererCandidates: 0,
        endedAt: null,
      },
    };
    const answered = { ...open, answer: { answerer: 'bob', sdp: 'v=0', matchedTags: null, answeredAt: NOW } };
    notices.read('alice', open);
    notices.read('bob', answered);
    expect(await taken()).toEqual([]);
    notices.read('alice', answered);
    expect(await taken()).toMatchObject([{ sessionId: 'one', deliveries: [{ role: 'offerer', what: 'answer' }] }]);
  });
});
