import type { SessionQuota } from '@signalbox/commands';
import { session } from '@signalbox/domain';
import { streamName, type View } from '@signalbox/event-sourcing';
import type { SessionRow } from '@signalbox/read-models';
import { sessions as projection } from '@signalbox/read-models/projections';
import { anOffer, aWithdrawal, offerTtlMs, t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { drive } from './views-driver.ts';

type Made = { readonly quota: SessionQuota; readonly sessions: View<SessionRow> };
type Limits = { readonly maxPerIdentity: number; readonly max: number };

/** `sessions` is the view whose living sessions the quota counts. */
export const sessionQuotaContract = (adapter: string, make: (limits: Limits) => Promise<Made>) =>
  describe(`SessionQuota contract: ${adapter}`, () => {
    let quota: SessionQuota;
    let driver: ReturnType<typeof driving>;
    const driving = (made: Made) => drive(session, projection, made.sessions);
    beforeEach(async () => {
      const made = await make({ maxPerIdentity: 3, max: 5 });
      quota = made.quota;
      driver = driving(made);
    });

    const reserved = { kind: 'reserved', release: expect.any(Function) };
    const tooMany = { kind: 'too_many_for_identity', limit: 3 };
    const full = { kind: 'too_many_in_all', limit: 5 };
    const release = async (identity: string, count: number, now = t0) => {
      const answer = await quota.reserve(identity, count, now);
      if (answer.kind !== 'reserved') throw new Error(`Not reserved: ${answer.kind}`);
      return answer.release;
    };

    it('counts the sessions that live', async () => {
      await driver.handle('one', anOffer());
      await driver.handle('two', anOffer());
      expect(await quota.reserve('alice', 2, t0)).toEqual(tooMany);
      expect(await quota.reserve('alice', 1, t0)).toEqual(reserved);
    });

    it('counts those in flight until they are released', async () => {
      const done = await release('alice', 2);
      expect(await quota.reserve('alice', 2, t0)).toEqual(tooMany);
      done([]);
      expect(await quota.reserve('alice', 3, t0)).toEqual(reserved);
    });

    it('gives places back once, however often they are released', async () => {
      const done = await release('alice', 1);
      await release('alice', 2);
      done([]);
      done([]);
      expect(await quota.reserve('alice', 2, t0)).toEqual(tooMany);
      expect(await quota.reserve('alice', 1, t0)).toEqual(reserved);
    });

    it('counts once what was recorded and can be seen, and no more what failed beside it', async () => {
      const done = await release('alice', 2);
      const [recorded] = await driver.handle('one', anOffer());
      done([{ stream: streamName('session', 'one'), revision: recorded?.revision ?? -1 }]);
      expect(await quota.reserve('alice', 3, t0)).toEqual(tooMany);
      expect(await quota.reserve('alice', 2, t0)).toEqual(reserved);
    });

    it('takes nothing with what it refuses', async () => {
      expect(await quota.reserve('alice', 4, t0)).toEqual(tooMany);
      expect(await quota.reserve('alice', 3, t0)).toEqual(reserved);
    });

    it('bounds what all have together', async () => {
      await release('alice', 3);
      await driver.handle('bobs', anOffer({ by: 'bob' }));
      expect(await quota.reserve('carol', 2, t0)).toEqual(full);
      expect(await quota.reserve('carol', 1, t0)).toEqual(reserved);
    });

    it('does not count one identity for another', async () => {
      await release('alice', 3);
      expect(await quota.reserve('bob', 2, t0)).toEqual(reserved);
    });

    it('does not count what has ended or is due', async () => {
      for (const id of ['one', 'two', 'three']) await driver.handle(id, anOffer());
      expect(await quota.reserve('alice', 1, t0 + offerTtlMs - 1)).toEqual(tooMany);
      await driver.handle('one', aWithdrawal());
      const done = await release('alice', 1, t0 + 2_000);
      done([]);
      expect(await quota.reserve('alice', 3, t0 + offerTtlMs)).toEqual(reserved);
    });

    it('never lets more through than there is room for, however many ask at once', async () => {
      await driver.handle('one', anOffer());
      const answers = await Promise.all(Array.from({ length: 20 }, () => quota.reserve('alice', 1, t0)));
      expect(answers.filter((answer) => answer.kind === 'reserved')).toEqual([reserved, reserved]);
      expect(answers.filter((answer) => answer.kind !== 'reserved')).toEqual(Array.from({ length: 18 }, () => tooMany));
    });
  });
