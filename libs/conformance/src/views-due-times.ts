import { credential, session } from '@signalbox/domain';
import type { View } from '@signalbox/event-sourcing';
import type { DueRow, DueTimes } from '@signalbox/read-models';
import { credentialDueTimes, sessionDueTimes } from '@signalbox/read-models/projections';
import {
  aCredentialExpiry,
  anAnswer,
  anExpiry,
  anIssue,
  anOffer,
  answeredAt,
  aRenewal,
  aRevocation,
  aRotation,
  aWithdrawal,
  credentialTtlMs,
  offerTtlMs,
  renewedAt,
  someCandidates,
  t0,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { drive } from './views-driver.ts';

type Made = {
  readonly sessions: View<DueRow>;
  readonly credentials: View<DueRow>;
  readonly dueTimes: DueTimes;
};

const LEASE_MS = 1_000;
/** Later than any due time here. */
const FAR = t0 + 365 * 24 * 60 * 60 * 1_000;

const sessionDue = (id: string, dueAt: number): DueRow => ({ kind: 'session', id, dueAt });
const credentialDue = (id: string, dueAt: number): DueRow => ({ kind: 'credential', id, dueAt });

export const dueTimesContract = (adapter: string, make: () => Promise<Made>) =>
  describe(`DueTimes contract: ${adapter}`, () => {
    let made: Made;
    let sessions: ReturnType<typeof drivingSessions>;
    let credentials: ReturnType<typeof drivingCredentials>;
    const drivingSessions = () => drive(session, sessionDueTimes, made.sessions);
    const drivingCredentials = () => drive(credential, credentialDueTimes, made.credentials);
    beforeEach(async () => {
      made = await make();
      sessions = drivingSessions();
      credentials = drivingCredentials();
    });

    const claim = (now: number, limit = 10, leaseMs = LEASE_MS) => made.dueTimes.claim(now, limit, leaseMs);
    /** All that wait, for no time at all: whoever asks again for the same instant is given them again. */
    const all = (limit = 1_000) => claim(FAR, limit, 0);

    it('is empty at first', async () => {
      expect(await all()).toEqual([]);
      expect(await made.dueTimes.next()).toBeNull();
      expect(await made.dueTimes.size()).toBe(0);
    });

    it('gives what is due of both categories, earliest first, and keeps it until its end has come', async () => {
      await sessions.handle('one', anOffer({ ttlMs: 300 }));
      await credentials.handle('alice', anIssue({ expiresAt: t0 + 200 }));
      await sessions.handle('two', anOffer({ ttlMs: 100 }));
      expect(await made.dueTimes.next()).toBe(t0 + 100);
      expect(await made.dueTimes.size()).toBe(3);
      expect(await claim(t0 + 99)).toEqual([]);
      const two = [sessionDue('two', t0 + 100), credentialDue('alice', t0 + 200)];
      expect(await claim(t0 + 200)).toEqual(two);
      expect(await claim(t0 + 300)).toEqual([sessionDue('one', t0 + 300)]);
      expect(await made.dueTimes.size()).toBe(3);
      await sessions.handle('two', anExpiry({ now: t0 + 100 }));
      await credentials.handle('alice', aCredentialExpiry({ now: t0 + 200 }));
      expect(await made.dueTimes.size()).toBe(1);
      expect(await made.dueTimes.next()).toBe(t0 + 300 + LEASE_MS);
      expect(await all()).toEqual([sessionDue('one', t0 + 300)]);
    });

    it('gives to one alone for as long as the lease runs, and again to whoever asks when it is over', async () => {
      await sessions.handle('one', anOffer({ ttlMs: 100 }));
      await credentials.handle('alice', anIssue({ expiresAt: t0 + 200 }));
      const [one, alice] = [sessionDue('one', t0 + 100), credentialDue('alice', t0 + 200)];
      expect(await claim(t0 + 150)).toEqual([one]);
      expect(await made.dueTimes.next()).toBe(t0 + 200);
      expect(await claim(t0 + 250)).toEqual([alice]);
      expect(await made.dueTimes.next()).toBe(t0 + 150 + LEASE_MS);
      expect(await claim(t0 + 149 + LEASE_MS)).toEqual([]);
      expect(await claim(t0 + 150 + LEASE_MS)).toEqual([one]);
      expect(await claim(t0 + 249 + LEASE_MS)).toEqual([]);
      expect(await claim(t0 + 250 + LEASE_MS)).toEqual([alice]);
      expect(await made.dueTimes.next()).toBe(t0 + 150 + 2 * LEASE_MS);
      expect(await made.dueTimes.size()).toBe(2);
    });

    it('never gives one row to two who ask at once', async () => {
      for (let i = 0; i < 50; i++) await sessions.handle(`s${i}`, anOffer({ ttlMs: 100 }));
      const claims = await Promise.all(Array.from({ length: 20 }, () => claim(t0 + 100, 7)));
      const ids = claims.flat().map(({ id }) => id);
      expect(ids.toSorted()).toEqual(Array.from({ length: 50 }, (_, i) => `s${i}`).toSorted());
    });

    it('gives a claimed one at its new due time when that moves, not when the lease is over', async () => {
      await sessions.handle('later', anOffer({ ttlMs: 10, now: answeredAt }));
      await credentials.handle('sooner', anIssue({ lifetime: 'sliding', expiresAt: answeredAt + 10 }));
      expect(await claim(answeredAt + 10)).toHaveLength(2);
      await sessions.handle('later', anAnswer({ answeredTtlMs: LEASE_MS + 500 }));
      await credentials.handle('sooner', aRenewal({ now: answeredAt + 5, expiresAt: answeredAt + 300 }));
      const [later, sooner] = [
        sessionDue('later', answeredAt + LEASE_MS + 500),
        credentialDue('sooner', answeredAt + 300),
      ];
      expect(await made.dueTimes.next()).toBe(answeredAt + 300);
      expect(await claim(answeredAt + 299)).toEqual([]);
      expect(await claim(answeredAt + 300)).toEqual([sooner]);
      expect(await claim(answeredAt + 10 + LEASE_MS)).toEqual([]);
      expect(await claim(answeredAt + LEASE_MS + 500)).toContainEqual(later);
    });

    it('keeps a lease through an event that moves no due time', async () => {
      await sessions.handle('one', anOffer({ ttlMs: 100 }));
      await credentials.handle('alice', anIssue({ expiresAt: t0 + 100 }));
      expect(await claim(t0 + 100)).toHaveLength(2);
      await sessions.handle('one', someCandidates({ by: 'alice', now: t0 + 1 }));
      await credentials.handle('alice', aRotation({ now: t0 + 1 }));
      expect(await claim(t0 + 99 + LEASE_MS)).toEqual([]);
      expect(await claim(t0 + 100 + LEASE_MS)).toHaveLength(2);
    });

    it('gives no more than it is asked for', async () => {
      for (const [i, id] of ['a', 'b', 'c'].entries()) await sessions.handle(id, anOffer({ ttlMs: 10 + i }));
      expect(await claim(t0 + 100, 0)).toEqual([]);
      expect(await claim(t0 + 100, 2)).toEqual([sessionDue('a', t0 + 10), sessionDue('b', t0 + 11)]);
      expect(await claim(t0 + 100, 2)).toEqual([sessionDue('c', t0 + 12)]);
    });

    it('tells apart a session and a credential of one name that are due together', async () => {
      await sessions.handle('x', anOffer({ ttlMs: 50 }));
      await credentials.handle('x', anIssue({ expiresAt: t0 + 50 }));
      await credentials.handle('y', anIssue({ expiresAt: t0 + 50 }));
      await sessions.handle('y', anOffer({ ttlMs: 50 }));
      expect(await made.dueTimes.size()).toBe(4);
      for (const name of ['x', 'y']) await credentials.handle(name, aRevocation({ now: t0 + 10 }));
      const rows = [...(await all())].toSorted((a, b) => (a.id < b.id ? -1 : 1));
      expect(rows).toEqual([sessionDue('x', t0 + 50), sessionDue('y', t0 + 50)]);
    });

    it('moves a due time with the answer and with the renewal', async () => {
      await sessions.handle('one', anOffer());
      await sessions.handle('one', anAnswer({ answeredTtlMs: 500 }));
      await credentials.handle('alice', anIssue({ lifetime: 'sliding' }));
      await credentials.handle('alice', aRenewal());
      expect(await all()).toEqual([
        sessionDue('one', answeredAt + 500),
        credentialDue('alice', renewedAt + credentialTtlMs),
      ]);
      expect(await made.dueTimes.size()).toBe(2);
    });

    it('drops what was withdrawn or revoked', async () => {
      await sessions.handle('one', anOffer());
      await credentials.handle('alice', anIssue());
      await sessions.handle('one', aWithdrawal());
      await credentials.handle('alice', aRevocation());
      expect(await all()).toEqual([]);
      expect(await made.dueTimes.next()).toBeNull();
      expect(await made.dueTimes.size()).toBe(0);
    });

    it('drops what ends while it is claimed: nobody is given it again', async () => {
      await sessions.handle('one', anOffer({ ttlMs: 100 }));
      await sessions.handle('two', anOffer({ ttlMs: 5_000 }));
      expect(await claim(t0 + 100)).toEqual([sessionDue('one', t0 + 100)]);
      await sessions.handle('one', anExpiry({ now: t0 + 100 }));
      expect(await made.dueTimes.next()).toBe(t0 + 5_000);
      expect(await claim(t0 + 100 + LEASE_MS)).toEqual([]);
      expect(await made.dueTimes.size()).toBe(1);
    });

    it('holds each due time once when the events come twice, and none that has been settled', async () => {
      await sessions.handle('one', anOffer());
      await sessions.handle('two', anOffer());
      await sessions.handle('two', aWithdrawal());
      await sessions.show(sessions.history);
      expect(await all()).toEqual([sessionDue('one', t0 + offerTtlMs)]);
      expect(await made.dueTimes.size()).toBe(1);
    });

    it('tells its listeners when the earliest due time gets earlier, until they have heard enough', async () => {
      let told = 0;
      const stop = made.dueTimes.onEarlier(() => told++);
      await sessions.handle('one', anOffer({ ttlMs: 100 }));
      expect(told).toBe(1);
      await credentials.handle('alice', anIssue({ expiresAt: t0 + 50 }));
      expect(told).toBe(2);
      await sessions.handle('three', anOffer({ ttlMs: 10 }));
      expect(told).toBe(3);
      stop();
      await sessions.handle('four', anOffer({ ttlMs: 5 }));
      expect(told).toBe(3);
    });

    it('stays true while due times come, move and go in any order', async () => {
      const expected = new Map<string, number>();
      for (let i = 0; i < 1_500; i++) {
        const id = `s${i}`;
        const ttlMs = 2_000 + ((i * 7_919) % 1_009);
        await sessions.handle(id, anOffer({ ttlMs }));
        expected.set(id, t0 + ttlMs);
      }
      for (let i = 0; i < 1_500; i++) {
        const id = `s${(i * 631) % 1_500}`;
        if (i % 3 === 0) {
          await sessions.handle(id, aWithdrawal({ now: t0 }));
          expected.delete(id);
        } else if (i % 3 === 1) {
          await sessions.handle(id, anAnswer({ answeredTtlMs: i, now: t0 }));
          expected.set(id, t0 + i);
        }
      }
      const rows = await all(5_000);
      expect(new Map(rows.map((row) => [row.id, row.dueAt]))).toEqual(expected);
      expect(rows.map((row) => row.dueAt)).toEqual([...expected.values()].toSorted((a, b) => a - b));
      expect(await made.dueTimes.size()).toBe(1_000);
    });
  });
