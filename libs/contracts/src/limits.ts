/** The bounds of what a client may send, as configured. Lengths are UTF-16 units unless they say bytes. */
export type InputLimits = {
  readonly maxSdpLength: number;
  /** Of a candidate's JSON text, in UTF-8 bytes. */
  readonly maxCandidateBytes: number;
  readonly maxCandidateDepth: number;
  readonly maxCandidatesPerRequest: number;
  readonly maxOffersPerRequest: number;
  readonly maxTags: number;
  readonly maxTagLength: number;
  readonly maxBatch: number;
  readonly maxOperations: number;
};
