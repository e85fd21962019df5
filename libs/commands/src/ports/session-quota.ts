import type { Write } from '../outcome.ts';

export type QuotaAnswer =
  /** Hold the places until the sessions are recorded or have failed, then release them, saying what was recorded. */
  | { readonly kind: 'reserved'; readonly release: (recorded: readonly Write[]) => void }
  | { readonly kind: 'too_many_for_identity'; readonly limit: number }
  | { readonly kind: 'too_many_in_all'; readonly limit: number };

/** Bounds how many sessions live, of one identity and in all, counting those that are just being published. */
export interface SessionQuota {
  reserve(identity: string, count: number, now: number): Promise<QuotaAnswer>;
}
