import { type SessionCommand, type SessionEvent, session } from '@signalbox/domain';
import { bindProjection, type Decoded } from '@signalbox/event-sourcing';
import type { FeedPoint } from '@signalbox/read-models';
import { feeds as projection } from '@signalbox/read-models/projections';
import {
  aCandidate,
  anAnswer,
  anExpiry,
  anOffer,
  answeredAt,
  answeredTtlMs,
  aWithdrawal,
  offerTtlMs,
  someCandidates,
  t0,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { drive } from './views-driver.ts';
import type { MadeFeeds, MakeFeeds } from './views-feeds.ts';

const due = answeredAt + answeredTtlMs;

const aRedaction = (now = due + 1_000): SessionCommand => ({
  type: 'RedactSession',
  reason: 'erasure',
  policy: 'erasure-1',
  now,
});

const PARTIES = ['alice', 'bob'] as const;

/** Part of the feeds contract: what was told of a session that is redacted. */
export const feedsRedactedContract = (adapter: string, make: MakeFeeds) =>
  describe(`Feeds contract, taken back: ${adapter}`, () => {
    let made: MadeFeeds;
    let driver: ReturnType<typeof driving>;
    const driving = () => drive(session, projection, made.view);
    beforeEach(async () => {
      made = await make();
      driver = driving();
    });

    const read = (recipient: string, after: FeedPoint | null = null, limit = 100) =>
      made.feeds.read(recipient, after, limit);
    const sessionsIn = async (recipient: string, after: FeedPoint | null = null) =>
      (await read(recipient, after)).items.map(({ sessionId }) => sessionId);

    /** Two calls between alice and bob; four items for alice and two for bob, turn by turn. */
    const twoCalls = async () => {
      for (const id of ['one', 'two']) await driver.handle(id, anOffer());
      for (const id of ['one', 'two']) await driver.handle(id, someCandidates({ by: 'alice', batchId: 'early' }));
      for (const id of ['one', 'two']) await driver.handle(id, anAnswer());
      for (const id of ['one', 'two']) await driver.handle(id, someCandidates());
    };

    /** Whatever way there is to what was told. */
    const expectNothingOf = async (id: string) => {
      for (const recipient of PARTIES) {
        expect(await sessionsIn(recipient)).not.toContain(id);
        expect((await made.feeds.readSession(recipient, id, null, 100)).items).toEqual([]);
        expect((await made.feeds.since(recipient, 0)).map(({ sessionId }) => sessionId)).not.toContain(id);
        expect(await made.feeds.sessionSince(recipient, id, 0)).toEqual([]);
      }
    };

    it('is gone at once for both parties when the session lives, and nothing else is', async () => {
      await twoCalls();
      expect(await sessionsIn('alice')).toEqual(['one', 'two', 'one', 'two']);
      expect(await sessionsIn('bob')).toEqual(['one', 'two']);
      await driver.handle('one', aRedaction());
      await expectNothingOf('one');
      expect(await sessionsIn('alice')).toEqual(['two', 'two']);
      expect(await sessionsIn('bob')).toEqual(['two']);
      expect((await made.feeds.readSession('alice', 'two', null, 100)).items).toHaveLength(2);
    });

    it('is gone when the session had ended, the end included', async () => {
      await twoCalls();
      await driver.handle('one', anExpiry({ now: due }));
      await driver.handle('two', aWithdrawal());
      expect(await sessionsIn('bob')).toEqual(['one', 'two', 'one', 'two']);
      await driver.handle('one', aRedaction());
      await expectNothingOf('one');
      await driver.handle('two', aRedaction());
      await expectNothingOf('two');
    });

    it('leaves what offerers had sent ahead of an answer nowhere to come from', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', someCandidates({ by: 'alice', candidates: [aCandidate(1)] }));
      await driver.handle('one', aRedaction());
      await driver.record('one', due, { type: 'SessionExpired', data: { dueAt: due, was: 'open', expiredAt: due } });
      await expectNothingOf('one');
    });

    it('was never there for whoever sees the whole history at once', async () => {
      await twoCalls();
      await driver.handle('one', aRedaction());
      made = await make();
      await driving().show(driver.history);
      await expectNothingOf('one');
      expect(await sessionsIn('alice')).toEqual(['two', 'two']);
    });

    it('stays gone when the events come again', async () => {
      await twoCalls();
      await driver.handle('one', aRedaction());
      await driver.show(driver.history);
      await driver.show(driver.history.slice(-1));
      await expectNothingOf('one');
      expect(await sessionsIn('alice')).toEqual(['two', 'two']);
    });

    it('needs nothing of a session that the feeds have never seen: its events cannot be read any more', async () => {
      const readable = async (events: readonly Decoded<SessionEvent>[]) => {
        const left = events.filter(({ stream, event }) => stream !== 'session-one' || event.type === 'SessionRedacted');
        const bound = bindProjection(projection, made.view, async (stream, from) =>
          left.filter((one) => one.stream === stream && one.revision >= from),
        );
        for (const one of left) await bound.apply([one], one.position);
      };
      await twoCalls();
      await driver.handle('one', aRedaction());
      made = await make();
      await readable(driver.history);
      await expectNothingOf('one');
      expect(await sessionsIn('alice')).toEqual(['two', 'two']);
      expect(await made.view.checkpoint()).toBe(driver.history.at(-1)?.position);
    });

    it('may come when the session was forgotten long ago', async () => {
      await twoCalls();
      await driver.handle('two', anExpiry({ now: due }));
      await made.feeds.forget(Number.MAX_SAFE_INTEGER);
      await driver.handle('two', aRedaction());
      await driver.show(driver.history.slice(-2));
      await expectNothingOf('two');
      expect(await sessionsIn('alice')).toEqual(['one', 'one']);
    });

    it('leaves points as they are: the rest follows from each of them, once', async () => {
      await twoCalls();
      const { points, items } = await read('alice');
      await driver.handle('one', aRedaction());
      for (const [i, point] of points.entries()) {
        const rest = items.slice(i + 1).filter(({ sessionId }) => sessionId === 'two');
        expect((await read('alice', point)).items).toEqual(rest);
      }
      await driver.handle('two', someCandidates({ batchId: 'later' }));
      for (const point of points) expect((await sessionsIn('alice', point)).at(-1)).toBe('two');
      const { point } = await read('alice', null, 1);
      expect((await read('alice', point, 1)).items).toEqual([items[3]]);
    });

    it('says that something may be missing only to those who had not come so far', async () => {
      await twoCalls();
      const alices = await read('alice');
      const others = { bob: (await read('bob')).point, carol: (await read('carol')).point };
      await driver.handle('one', aRedaction());
      const recovered = async (recipient: string, point: FeedPoint | undefined) =>
        (await read(recipient, point ?? null)).recovered;
      expect(await recovered('alice', alices.points[0])).toBe(false);
      expect(await recovered('alice', alices.points[2])).toBe(true);
      expect(await recovered('alice', alices.point)).toBe(true);
      expect(await recovered('bob', others.bob)).toBe(true);
      expect(await recovered('carol', others.carol)).toBe(true);
    });

    it('does not tell a reader without items that it missed what was taken back from others', async () => {
      await driver.handle('other', anOffer({ by: 'dave' }));
      const { point } = await read('carol');
      await twoCalls();
      for (const id of ['one', 'two']) await driver.handle(id, aRedaction());
      expect((await read('alice')).items).toEqual([]);
      expect((await read('carol', point)).recovered).toBe(true);
    });

    it('does not bring numbers or times back that were given out', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('one', anAnswer());
      await driver.handle('one', someCandidates({ candidates: Array.from({ length: 20 }, (_, i) => i) }), answeredAt);
      const last = (await read('alice')).items.at(-1);
      await driver.handle('one', aRedaction());
      await driver.handle('two', anOffer());
      await driver.handle('two', anAnswer());
      const next = (await read('alice')).items[0];
      expect(next?.sequence).toBeGreaterThan(last?.sequence ?? 0);
      expect(next?.at).toBeGreaterThanOrEqual(answeredAt + 21);
    });

    it('wakes nobody, and those who wait are woken by what comes next', async () => {
      await twoCalls();
      const { point } = await read('bob');
      const waiting = made.feeds.changed('bob', point, new AbortController().signal);
      await driver.handle('one', aRedaction());
      await driver.handle('two', someCandidates({ by: 'alice', batchId: 'later' }));
      await waiting;
      expect(await sessionsIn('bob', point)).toEqual(['two']);
    });

    it('is forgotten in the end like what was only over', async () => {
      await twoCalls();
      for (const id of ['one', 'two']) await driver.handle(id, aRedaction());
      expect(await made.feeds.forget(t0 + 10 * offerTtlMs)).toBe(2);
      await driver.handle('three', anOffer());
      await driver.handle('three', anAnswer());
      expect(await sessionsIn('alice')).toEqual(['three']);
    });
  });
