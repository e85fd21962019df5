/** What an erasure finds what it erases with. Epoch milliseconds. */
export interface ErasureIndex {
  /** Sessions that an identity has published or answered, or sent candidates to before the answer: the newest first. */
  sessions(
    filter: {
      readonly identity: string | null;
      readonly tag: null;
      readonly trace: null;
      readonly from: null;
      readonly to: null;
    },
    after: { readonly publishedAt: number; readonly sessionId: string } | null,
    limit: number,
  ): Promise<readonly { readonly publishedAt: number; readonly sessionId: string }[]>;
  /** The position up to which it shows the log. */
  position(): Promise<number>;
}

/** Where keys are destroyed. */
export interface KeyDestruction {
  /** Nobody reads what they sealed from the moment it resolves on, or half a minute later. Answers with how many there were. */
  destroyDataKeys(ids: readonly string[]): Promise<number>;
}
