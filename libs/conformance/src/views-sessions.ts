import { session } from '@signalbox/domain';
import type { View } from '@signalbox/event-sourcing';
import type { Forgets, SessionRow, Sessions } from '@signalbox/read-models';
import { sessions as projection } from '@signalbox/read-models/projections';
import {
  anAnswer,
  anExpiry,
  anOffer,
  answeredAt,
  answeredTtlMs,
  aWithdrawal,
  offerTtlMs,
  sdpAnswer,
  sdpOffer,
  someCandidates,
  t0,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { drive } from './views-driver.ts';

type SessionsView = View<SessionRow> & Sessions & Forgets;

const aRow = (overrides?: Partial<SessionRow>): SessionRow => ({
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
  ...overrides,
});

const answer = { answerer: 'bob', sdp: sdpAnswer, matchedTags: ['chat'], answeredAt };

export const sessionsContract = (adapter: string, make: () => Promise<SessionsView>) =>
  describe(`Sessions contract: ${adapter}`, () => {
    let view: SessionsView;
    let driver: ReturnType<typeof driving>;
    const driving = () => drive(session, projection, view);
    beforeEach(async () => {
      view = await make();
      driver = driving();
    });

    const idsOf = async (identity: string, now: number) =>
      (await view.livePublishedBy(identity, now)).map((row) => row.sessionId);

    it('finds and counts nothing of a session that was redacted, alive or ended', async () => {
      for (const id of ['alive', 'ended', 'other']) await driver.handle(id, anOffer());
      await driver.handle('ended', aWithdrawal());
      for (const id of ['alive', 'ended']) {
        await driver.handle(id, { type: 'RedactSession', reason: 'erasure', policy: 'erasure-1', now: t0 + 1 });
        expect(await view.find(id)).toBeUndefined();
      }
      expect(await idsOf('alice', t0)).toEqual(['other']);
      expect([await view.liveCount(t0), await view.liveCount(t0, 'alice')]).toEqual([1, 1]);
    });

    it('finds nothing that was never published', async () => {
      expect(await view.find('one')).toBeUndefined();
      expect(await view.livePublishedBy('alice', t0)).toEqual([]);
      expect(await view.liveCount(t0)).toBe(0);
      expect(await view.liveCount(t0, 'alice')).toBe(0);
    });

    it('finds a session by its id through its whole life', async () => {
      await driver.handle('one', anOffer({ service: { name: 'chat', version: '1.2.0' } }));
      const service = { name: 'chat', version: '1.2.0' };
      expect(await view.find('one')).toEqual(aRow({ service }));
      await driver.handle('one', anAnswer());
      const answered = aRow({ service, state: 'answered', answer, expiresAt: answeredAt + answeredTtlMs });
      expect(await view.find('one')).toEqual(answered);
      await driver.handle('one', someCandidates());
      await driver.handle('one', someCandidates({ by: 'alice', batchId: 'b', candidates: [1, 2] }));
      expect(await view.find('one')).toEqual({ ...answered, offererCandidates: 2, answererCandidates: 1 });
      await driver.handle('one', aWithdrawal());
      expect(await view.find('one')).toEqual({
        ...answered,
        state: 'withdrawn',
        offererCandidates: 2,
        answererCandidates: 1,
        endedAt: t0 + 2_000,
      });
      expect(await view.find('two')).toBeUndefined();
    });

    it('lists the sessions that an identity has published, oldest first, answered ones too', async () => {
      for (const [i, id] of ['c', 'a', 'b'].entries()) await driver.handle(id, anOffer({ now: t0 + i }));
      await driver.handle('d', anOffer({ by: 'bob', now: t0 + 3 }));
      await driver.handle('a', anAnswer());
      expect(await view.livePublishedBy('alice', t0 + 3)).toEqual([
        aRow({ sessionId: 'c' }),
        aRow({
          sessionId: 'a',
          state: 'answered',
          answer,
          createdAt: t0 + 1,
          expiresAt: answeredAt + answeredTtlMs,
        }),
        aRow({ sessionId: 'b', createdAt: t0 + 2, expiresAt: t0 + 2 + offerTtlMs }),
      ]);
      expect(await idsOf('bob', t0 + 3)).toEqual(['d']);
      expect(await idsOf('carol', t0 + 3)).toEqual([]);
    });

    it('counts as living what is neither ended nor due, whatever the time it is asked for', async () => {
      await driver.handle('one', anOffer({ ttlMs: 100 }));
      await driver.handle('two', anOffer({ ttlMs: 200 }));
      await driver.handle('three', anOffer({ ttlMs: 300, by: 'bob' }));
      const counts = async (now: number) => [
        await view.liveCount(now),
        await view.liveCount(now, 'alice'),
        await view.liveCount(now, 'bob'),
        (await idsOf('alice', now)).length,
      ];
      expect(await counts(t0 + 99)).toEqual([3, 2, 1, 2]);
      expect(await counts(t0 + 100)).toEqual([2, 1, 1, 1]);
      expect(await counts(t0 + 300)).toEqual([0, 0, 0, 0]);
      expect(await counts(t0 + 199)).toEqual([2, 1, 1, 1]);
    });

    it('counts by the due time that an answer set', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', anAnswer());
      expect(await view.liveCount(answeredAt + answeredTtlMs - 1, 'alice')).toBe(1);
      expect(await view.liveCount(answeredAt + answeredTtlMs, 'alice')).toBe(0);
    });

    it('counts no session twice when its events come twice', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', someCandidates({ by: 'alice' }));
      await driver.show(driver.history);
      expect(await view.liveCount(t0)).toBe(1);
      expect(await view.find('one')).toEqual(aRow({ offererCandidates: 1 }));
    });

    it('no longer counts what was withdrawn or has expired, and still finds it', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('two', anOffer());
      await driver.handle('one', aWithdrawal());
      expect(await view.liveCount(t0 + 2_000)).toBe(1);
      expect(await idsOf('alice', t0 + 2_000)).toEqual(['two']);
      await driver.handle('two', anExpiry({ now: t0 + offerTtlMs + 9 }));
      expect(await view.liveCount(t0)).toBe(0);
      expect(await view.find('two')).toEqual(aRow({ sessionId: 'two', state: 'expired', endedAt: t0 + offerTtlMs }));
    });

    it('forgets what ended before a time, and nothing else', async () => {
      for (const id of ['one', 'two', 'three', 'live']) await driver.handle(id, anOffer());
      await driver.handle('one', aWithdrawal({ now: t0 + 10 }));
      await driver.handle('two', aWithdrawal({ now: t0 + 20 }));
      await driver.handle('three', aWithdrawal({ now: t0 + 30 }));
      expect(await view.forget(t0 + 10)).toBe(0);
      expect(await view.forget(t0 + 30)).toBe(2);
      expect(await view.forget(t0 + 30)).toBe(0);
      expect(await view.find('one')).toBeUndefined();
      expect(await view.find('two')).toBeUndefined();
      expect((await view.find('three'))?.endedAt).toBe(t0 + 30);
      expect(await view.liveCount(t0 + 30)).toBe(1);
      expect(await idsOf('alice', t0 + 30)).toEqual(['live']);
    });

    it('does not bring back what is forgotten when its events come again', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', aWithdrawal());
      await view.forget(t0 + offerTtlMs);
      await driver.show(driver.history);
      expect(await view.find('one')).toBeUndefined();
      expect(await view.liveCount(t0)).toBe(0);
      expect(await view.forget(t0 + offerTtlMs)).toBe(0);
    });
  });
