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
      expect(await store.claim('alice', 'k', 'f', NOW)).toEqual({ kind: 'new' });
      await store.complete('alice', 'k', 'f', anAnswer(), NOW + DAY);
      expectAnswered(await store.claim('alice', 'k', 'f', NOW + 1), anAnswer());
      expectAnswered(await store.claim('alice', 'k', 'f', NOW + DAY - 1), anAnswer());
    });

    it('keeps an empty body, no headers, and a body that is a slice of something larger', async () => {
      const { store } = await make();
      const answers = [
        anAnswer({ status: 204, headers: {}, body: new Uint8Array(0) }),
        anAnswer({ status: 409, body: Buffer.from('before|inside|after').subarray(7, 13) }),
      ];
      for (const [index, answer] of answers.entries()) {
        await store.claim('alice', `k${index}`, 'f', NOW);
        await store.complete('alice', `k${index}`, 'f', answer, NOW + DAY);
        expectAnswered(await store.claim('alice', `k${index}`, 'f', NOW), answer);
      }
    });

    it('says so while the first is still under way', async () => {
      const { store } = await make();
      await store.claim('alice', 'k', 'f', NOW);
      expect(await store.claim('alice', 'k', 'f', NOW)).toEqual({ kind: 'in_flight' });
      expect(await store.claim('alice', 'k', 'f', NOW + 2 * DAY)).toEqual({ kind: 'in_flight' });
    });

    it('does not take the same key for something else, neither under way nor answered', async () => {
      const { store } = await make();
      await store.claim('alice', 'k', 'f', NOW);
      expect(await store.claim('alice', 'k', 'g', NOW)).toEqual({ kind: 'different' });
      await store.complete('alice', 'k', 'f', anAnswer(), NOW + DAY);
      expect(await store.claim('alice', 'k', 'g', NOW)).toEqual({ kind: 'different' });
      expectAnswered(await store.claim('alice', 'k', 'f', NOW), anAnswer());
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
        expect(await store.claim(scope, key, 'f', NOW)).toEqual({ kind: 'new' });
        await store.complete(scope, key, 'f', anAnswer({ status: 200 + scope.length }), NOW + DAY);
      }
      expectAnswered(await store.claim('ab', 'c', 'f', NOW), anAnswer({ status: 202 }));
    });

    it('lets exactly one of many go on that claim a key at once, and gives all of them the answer afterwards', async () => {
      const { store } = await make();
      const claims = await Promise.all(Array.from({ length: 20 }, () => store.claim('alice', 'k', 'f', NOW)));
      expect(claims.map((claim) => claim.kind).toSorted()).toEqual([...Array(19).fill('in_flight'), 'new']);
      await store.complete('alice', 'k', 'f', anAnswer(), NOW + DAY);
      const again = await Promise.all(Array.from({ length: 20 }, () => store.claim('alice', 'k', 'f', NOW)));
      for (const claim of again) expectAnswered(claim, anAnswer());
    });

    it('frees a key that was abandoned, for anything', async () => {
      const { store } = await make();
      await store.claim('alice', 'k', 'f', NOW);
      await store.abandon('alice', 'k');
      expect(await store.claim('alice', 'k', 'g', NOW)).toEqual({ kind: 'new' });
      await store.complete('alice', 'k', 'g', anAnswer(), NOW + DAY);
      await store.abandon('alice', 'k');
      expectAnswered(await store.claim('alice', 'k', 'g', NOW), anAnswer());
    });

    it('frees a key when its answer has expired, swept or not', async () => {
      const { store } = await make();
      for (const [key, fingerprint] of [
        ['same', 'f'],
        ['other', 'g'],
      ] as const) {
        await store.claim('alice', key, 'f', NOW);
        await store.complete('alice', key, 'f', anAnswer(), NOW + DAY);
        expect(await store.claim('alice', key, fingerprint, NOW + DAY)).toEqual({ kind: 'new' });
        await store.complete('alice', key, fingerprint, anAnswer({ status: 200 }), NOW + 2 * DAY);
        expectAnswered(await store.claim('alice', key, fingerprint, NOW + DAY), anAnswer({ status: 200 }));
      }
    });

    it('forgets what has expired, says how many, and keeps the rest and what is under way', async () => {
      const { store } = await make();
      for (let i = 0; i < 1_200; i++) await store.complete('old', `k${i}`, 'f', anAnswer(), NOW + DAY);
      await store.claim('alice', 'answered', 'f', NOW);
      await store.complete('alice', 'answered', 'f', anAnswer(), NOW + 2 * DAY);
      await store.claim('alice', 'under way', 'f', NOW);
      expect(await store.sweep(NOW + DAY)).toBe(0);
      expect(await store.sweep(NOW + DAY + 1)).toBe(1_200);
      expect(await store.sweep(NOW + DAY + 1)).toBe(0);
      expectAnswered(await store.claim('alice', 'answered', 'f', NOW + DAY), anAnswer());
      expect(await store.claim('alice', 'under way', 'f', NOW + DAY)).toEqual({ kind: 'in_flight' });
      expect(await store.claim('old', 'k0', 'g', NOW)).toEqual({ kind: 'new' });
    });

    it('keeps answers over a restart, and forgets what was under way (stores that outlive their process)', async ({
      skip,
    }) => {
      const { store, restart } = await make();
      skip(!restart, 'this store ends with its process');
      await store.claim('alice', 'answered', 'f', NOW);
      await store.complete('alice', 'answered', 'f', anAnswer(), NOW + DAY);
      await store.claim('alice', 'under way', 'f', NOW);
      const again = await restart?.();
      expectAnswered(await again?.claim('alice', 'answered', 'f', NOW), anAnswer());
      expect(await again?.claim('alice', 'under way', 'g', NOW)).toEqual({ kind: 'new' });
    });
  });
};
