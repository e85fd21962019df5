/** Remembers which nonces were used, so that a captured request does not work twice. */
export interface NonceStore {
  /**
   * True the first time this key uses this nonce, false every time after, until `expiresAt` (epoch milliseconds), when
   * its request would be too old anyway. `durable`: the answer must hold after a crash too, so it resolves only when
   * the nonce is on disk (or wherever every instance sees it).
   */
  claim(
    key: string,
    nonce: string,
    options: { readonly expiresAt: number; readonly durable: boolean },
  ): Promise<boolean>;
  /** Forgets what expired before `now`; answers with how many. */
  sweep(now: number): Promise<number>;
}
