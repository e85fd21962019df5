import type { IdempotencyStore, StoredAnswer } from '@signalbox/http';
import type { KeyRing } from '@signalbox/vault';

/** Seals the bodies of stored answers: one of them may hold the secret of a credential, which is shown once. */
export const sealedAnswers = (store: IdempotencyStore, ring: KeyRing): IdempotencyStore => {
  const contextOf = (scope: string, key: string) => `answer/${scope}/${key}`;
  const opened = (answer: StoredAnswer, context: string): StoredAnswer => ({
    ...answer,
    body: ring.open(Buffer.from(answer.body).toString('utf8'), context),
  });
  return {
    claim: async (scope, key, fingerprint, options) => {
      const claim = await store.claim(scope, key, fingerprint, options);
      return claim.kind === 'answered'
        ? { kind: 'answered', answer: opened(claim.answer, contextOf(scope, key)) }
        : claim;
    },
    complete: (scope, key, fingerprint, answer, expiresAt) => {
      const body = new TextEncoder().encode(ring.seal(answer.body, contextOf(scope, key)));
      return store.complete(scope, key, fingerprint, { ...answer, body }, expiresAt);
    },
    abandon: (scope, key) => store.abandon(scope, key),
    sweep: (now) => store.sweep(now),
  };
};
