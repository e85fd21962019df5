import type { CredentialRejection, SessionRejection } from '@signalbox/domain';

/** Where a command left its stream: what a consistency token is made of. */
export type Write = { readonly stream: string; readonly revision: number };

export type Refusal =
  | SessionRejection
  | CredentialRejection
  | { readonly code: 'too_many_sessions'; readonly limit: number }
  | { readonly code: 'storage_full'; readonly limit: number }
  /** Others kept winning the race for the stream; nothing was written. */
  | { readonly code: 'contended' };

export type Result<T, R extends { readonly code: string } = Refusal> =
  | { readonly kind: 'done'; readonly value: T; readonly writes: readonly Write[]; readonly changed: boolean }
  | { readonly kind: 'refused'; readonly refusal: R | Extract<Refusal, { readonly code: 'contended' }> };

export const refused = <const R extends { readonly code: string }>(refusal: R) =>
  ({ kind: 'refused', refusal }) as const;
