import { isObject, type Json } from './json.ts';
import type { Headers } from './request.ts';

/** `ed`: Ed25519 keys and tags. `ht`: credentials and tags. `hf`: credentials and names of services. */
export type Dialect = 'ed' | 'ht' | 'hf';

/** What the members that name somebody are called. */
export const wordsOf = {
  ed: { identity: 'publicKey', answerer: 'answererPublicKey' },
  ht: { identity: 'username', answerer: 'answererId' },
  hf: { identity: 'username', answerer: 'answererId' },
} as const satisfies Record<Dialect, { readonly identity: string; readonly answerer: string }>;

export type Item = { readonly method: string; readonly params: Json | undefined; readonly auth: Json | undefined };

/**
 * Each item speaks for itself, so one batch may mix dialects and callers. Two methods exist in one dialect only and
 * decide alone; then a key decides, then the name of a service, then a credential. What says nothing of the kind is
 * an open method, or lacks its proof: both are the same in every dialect.
 */
export const dialectOf = (item: Item, headers: Headers): Dialect => {
  if (item.method === 'generateCredentials') return 'ht';
  if (item.method === 'getOffer') return 'hf';
  if ((item.auth ?? null) !== null || headers.publicKey !== undefined) return 'ed';
  if (isObject(item.params) && Object.hasOwn(item.params, 'serviceFqn')) return 'hf';
  return headers.name === undefined ? 'ed' : 'ht';
};

/** Who the caller says it is, unproven: good for hiding offers from discovery, and for nothing else. */
export const claimedIdentity = (dialect: Dialect, item: Item, headers: Headers): string | null => {
  if (dialect !== 'ed') return headers.name ?? null;
  const key = (isObject(item.auth) ? item.auth.publicKey : undefined) ?? headers.publicKey;
  return typeof key === 'string' ? key : null;
};
