/** The secrets with which a credential may sign at `now`: the current one first, then one in its grace period. */
export interface SecretLookup {
  /** Empty when there is no such credential, or it has ended. Each secret is 32 bytes. */
  secretsOf(name: string, now: number): Promise<readonly Uint8Array[]>;
}
