import type { IdempotencyStore, StoredAnswer } from '@signalbox/http';
import { describe, expect, it } from 'vitest';

export type IdempotencyStoreUnderTest = {
  readonly store: IdempotencyStore;
  /** For a store that outlives its process: as after a crash and a restart, on the same data. */
  readonly restart?: () => Promise<IdempotencyStore>;
};

const NOW = 1_760_000_000_000;
const DAY = 86_400_000;

const anAnswer = (over: Partial<StoredAnswer> = {}): StoredAnswer => ({
  status: 201,
  headers: { 'content-type': 'application/json', 'signalbox-consistency': 'tökén' },
  body: Uint8Array.from({ length: 256 }, (_, index) => index),
  ...over,
});

let made = 0;

/** A claim, as a request makes it that came at `now`. Every command id that is asked for is a new one. */
const claimIn = (store: IdempotencyStore, scope: string, key: string, fingerprint: string, now: number) =>
  store.claim(scope, key, fingerprint, { now, expiresAt: now + DAY, newCommandId: () => `command-${++made}` });

/** Claims a key that goes on; answers with the command id. */
const begun = async (...claiming: Parameters<typeof claimIn>): Promise<string> => {
  const claim = await claimIn(...claiming);
  expect(claim).toEqual({ kind: 'new', commandId: expect.stringMatching(/^command-\d+$/) });
  return (claim as { readonly commandId: string }).commandId;
};

const expectAnswered = (claim: Awaited<ReturnType<IdempotencyStore['claim']>> | undefined, answer: StoredAnswer) => {
  if (claim?.kind !== 'answered') throw new Error(`Not answered: ${JSON.stringify(claim)}.`);
  expect(Object.keys(claim)).toEqual(['kind', 'answer']);
  expect({ ...claim.answer, body: [...claim.answer.body] }).toStrictEqual({ ...answer, body: [...answer.body] });
};

/** What every idempotency store promises. `make` gives a new, empty store, and clears it away by itself. */
export const idempotencyStoreContract = (adapter: string, make: () => Promise<IdempotencyStoreUnderTest>): void => {
  describe(`idempotency store contract: ${adapter}`, () => {
    it('lets the first claim of a key go on, and gives every later one its answer', async () => {
      const { store } = await make();
      await begun(store, 'alice', 'k', 'f', NOW);
      await store.complete('alice', 'k', 'f', anAnswer(), NOW + DAY);
      expectAnswered(await claimIn(store, 'alice', 'k', 'f', NOW + 1), anAnswer());
      expectAnswered(await claimIn(store, 'alice', 'k', 'f', NOW + DAY - 1), anAnswer());
    });

    it('gives every key a command id of its own', async () => {
      const { store } = await make();
      const ids = [];
      for (const [scope, key] of [
        ['alice', 'k1'],
        ['alice', 'k2'],
        ['bob', 'k1'],
      ] as const) {
        ids.push(await begun(store, scope, key, 'f', NOW));
      }
      expect(new Set(ids).size).toBe(3);
    });

    it('keeps an empty body, no headers, and a body that is a slice of something larger', async () => {
      const { store } = await make();
      const answers = [
        anAnswer({ status: 204, headers: {}, body: new Uint8Array(0) }),
        anAnswer({ status: 409, body: Buffer.from('before|inside|after').subarray(7, 13) }),
      ];
      for (const [index, answer] of answers.entries()) {
        await claimIn(store, 'alice', `k${index}`, 'f', NOW);
        await store.complete('alice', `k${index}`, 'f', answer, NOW + DAY);
        expectAnswered(await claimIn(store, 'alice', `k${index}`, 'f', NOW), answer);
      }
    });

    it('says so while the first is still under way', async () => {
      const { store } = await make();
      await claimIn(store, 'alice', 'k', 'f', NOW);
      expect(await claimIn(store, 'alice', 'k', 'f', NOW)).toEqual({ kind: 'in_flight' });
      expect(await claimIn(store, 'alice', 'k', 'f', NOW + 2 * DAY)).toEqual({ kind: 'in_flight' });
    });

    it('does not take the same key for something else, neither under way nor answered', async () => {
      const { store } = await make();
      await claimIn(store, 'alice', 'k', 'f', NOW);
      expect(await claimIn(store, 'alice', 'k', 'g', NOW)).toEqual({ kind: 'different' });
      await store.complete('alice', 'k', 'f', anAnswer(), NOW + DAY);
      expect(await claimIn(store, 'alice', 'k', 'g', NOW)).toEqual({ kind: 'different' });
      expectAnswered(await claimIn(store, 'alice', 'k', 'f', NOW), anAnswer());
    });

    it('keeps scopes and keys apart', async () => {
      const { store } = await make();
      for (const [scope, key] of [
        ['a', 'bc'],
        ['ab', 'c'],
        ['abc', ''],
        ['', 'abc'],
        ['a:', 'bc'],
        ['a', ':bc'],
      ] as const) {
        await begun(store, scope, key, 'f', NOW);
        await store.complete(scope, key, 'f', anAnswer({ status: 200 + scope.length }), NOW + DAY);
      }
      expectAnswered(await claimIn(store, 'ab', 'c', 'f', NOW), anAnswer({ status: 202 }));
    });

    it('lets exactly one of many go on that claim a key at once, and gives all of them the answer afterwards', async () => {
      const { store } = await make();
      const claims = await Promise.all(Array.from({ length: 20 }, () => claimIn(store, 'alice', 'k', 'f', NOW)));
      expect(claims.map((claim) => claim.kind).toSorted()).toEqual([...Array(19).fill('in_flight'), 'new']);
      await store.complete('alice', 'k', 'f', anAnswer(), NOW + DAY);
      const again = await Promise.all(Array.from({ length: 20 }, () => claimIn(store, 'alice', 'k', 'f', NOW)));
      for (const claim of again) expectAnswered(claim, anAnswer());
    });

    it('lets a key that was abandoned go on for the same only, and with the same command id', async () => {
      const { store } = await make();
      const commandId = await begun(store, 'alice', 'k', 'f', NOW);
      for (const later of [0, 1, DAY - 1]) {
        await store.abandon('alice', 'k');
        expect(await claimIn(store, 'alice', 'k', 'g', NOW + later)).toEqual({ kind: 'different' });
        expect(await begun(store, 'alice', 'k', 'f', NOW + later)).toBe(commandId);
        expect(await claimIn(store, 'alice', 'k', 'f', NOW + later)).toEqual({ kind: 'in_flight' });
      }
      await store.complete('alice', 'k', 'f', anAnswer(), NOW + DAY);
      await store.abandon('alice', 'k');
      expectAnswered(await claimIn(store, 'alice', 'k', 'f', NOW), anAnswer());
    });

    it('lets exactly one of many go on that come at once after one was abandoned', async () => {
      const { store } = await make();
      const commandId = await begun(store, 'alice', 'k', 'f', NOW);
      await store.abandon('alice', 'k');
      const claims = await Promise.all(Array.from({ length: 20 }, () => claimIn(store, 'alice', 'k', 'f', NOW)));
      expect(claims.map((claim) => claim.kind).toSorted()).toEqual([...Array(19).fill('in_flight'), 'new']);
      expect(claims).toContainEqual({ kind: 'new', commandId });
    });

    it('makes a new command of a key whose claim has expired, for anything, swept or not', async () => {
      const { store } = await make();
      for (const [key, fingerprint] of [
        ['same', 'f'],
        ['other', 'g'],
      ] as const) {
        const first = await begun(store, 'alice', key, 'f', NOW);
        await store.abandon('alice', key);
        const second = await begun(store, 'alice', key, fingerprint, NOW + DAY);
        expect(second).not.toBe(first);
        await store.abandon('alice', key);
        expect(await begun(store, 'alice', key, fingerprint, NOW + 2 * DAY - 1), 'kept anew').toBe(second);
      }
    });

    it('makes a new command of a key when its answer has expired, for anything, swept or not', async () => {
      const { store } = await make();
      for (const [key, fingerprint] of [
        ['same', 'f'],
        ['other', 'g'],
      ] as const) {
        const first = await begun(store, 'alice', key, 'f', NOW);
        await store.complete('alice', key, 'f', anAnswer(), NOW + DAY);
        expect(await begun(store, 'alice', key, fingerprint, NOW + DAY)).not.toBe(first);
        await store.complete('alice', key, fingerprint, anAnswer({ status: 200 }), NOW + 2 * DAY);
        expectAnswered(await claimIn(store, 'alice', key, fingerprint, NOW + DAY), anAnswer({ status: 200 }));
      }
    });

    it('forgets what has expired, says how many, and keeps the rest, answered or open', async () => {
      const { store } = await make();
      for (let i = 0; i < 1_200; i++) await store.complete('old', `k${i}`, 'f', anAnswer(), NOW + DAY);
      await claimIn(store, 'alice', 'answered', 'f', NOW);
      await store.complete('alice', 'answered', 'f', anAnswer(), NOW + 2 * DAY);
      const open = await begun(store, 'alice', 'open', 'f', NOW + 1);
      await store.abandon('alice', 'open');
      await claimIn(store, 'alice', 'forgotten', 'f', NOW);
      await store.abandon('alice', 'forgotten');
      expect(await store.sweep(NOW + DAY)).toBe(0);
      expect(await store.sweep(NOW + DAY + 1)).toBe(1_201);
      expect(await store.sweep(NOW + DAY + 1)).toBe(0);
      expectAnswered(await claimIn(store, 'alice', 'answered', 'f', NOW + DAY), anAnswer());
      expect(await begun(store, 'alice', 'open', 'f', NOW + DAY)).toBe(open);
      await begun(store, 'alice', 'forgotten', 'g', NOW);
      await begun(store, 'old', 'k0', 'g', NOW);
    });

    it('keeps the answer of a request that was under way for longer than its claim is kept', async () => {
      const { store } = await make();
      await claimIn(store, 'alice', 'k', 'f', NOW);
      expect(await store.sweep(NOW + DAY + 1)).toBe(1);
      expect(await claimIn(store, 'alice', 'k', 'f', NOW + DAY + 1)).toEqual({ kind: 'in_flight' });
      await store.complete('alice', 'k', 'f', anAnswer(), NOW + 2 * DAY);
      expectAnswered(await claimIn(store, 'alice', 'k', 'f', NOW + DAY + 1), anAnswer());
    });

    it('keeps answers and claims over a restart; what was under way may be tried again, as the same command (stores that outlive their process)', async ({
      skip,
    }) => {
      const { store, restart } = await make();
      skip(!restart, 'this store ends with its process');
      await claimIn(store, 'alice', 'answered', 'f', NOW);
      await store.complete('alice', 'answered', 'f', anAnswer(), NOW + DAY);
      const underWay = await begun(store, 'alice', 'under way', 'f', NOW);
      const abandoned = await begun(store, 'alice', 'abandoned', 'f', NOW);
      await store.abandon('alice', 'abandoned');
      const expired = await begun(store, 'alice', 'expired', 'f', NOW - 1);

      const again = await restart?.();
      if (!again) throw new Error('It has not come back.');
      expectAnswered(await claimIn(again, 'alice', 'answered', 'f', NOW), anAnswer());
      expect(await claimIn(again, 'alice', 'answered', 'g', NOW)).toEqual({ kind: 'different' });
      for (const [key, commandId] of [
        ['under way', underWay],
        ['abandoned', abandoned],
      ] as const) {
        expect(await claimIn(again, 'alice', key, 'g', NOW)).toEqual({ kind: 'different' });
        expect(await begun(again, 'alice', key, 'f', NOW)).toBe(commandId);
      }
      expect(await begun(again, 'alice', 'expired', 'g', NOW + DAY - 1)).not.toBe(expired);
    });
  });
};
