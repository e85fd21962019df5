export type QuotaAnswer =
  /** Hold the places until the sessions can be seen (or failed), then release them. */
  | { readonly kind: 'reserved'; readonly release: () => void }
  | { readonly kind: 'too_many_for_identity'; readonly limit: number }
  | { readonly kind: 'too_many_in_all'; readonly limit: number };

/** Bounds how many sessions live, of one identity and in all, counting those that are just being published. */
export interface SessionQuota {
  reserve(identity: string, count: number, now: number): Promise<QuotaAnswer>;
}
