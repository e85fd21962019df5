import type { CredentialCommands, SessionCommands } from '@signalbox/commands';
import type { ErrorCode } from '@signalbox/contracts';
import type { DiscoverQueries, FeedQueries, Notices, SessionQueries } from '@signalbox/queries';

/** Rondevu's own bounds. Lifetimes, quotas of sessions and candidates, and the replay window belong to the parts. */
export type RondevuLimits = {
  /** Items of one POST. */
  readonly maxBatchSize: number;
  /** Of one POST: each offer and each candidate is one, any other item too. */
  readonly maxTotalOperations: number;
  readonly maxOffersPerRequest: number;
  /** In UTF-16 units, as clients measure it. */
  readonly maxSdpSize: number;
  readonly maxCandidatesPerRequest: number;
  /** In UTF-16 units of the candidate's JSON. */
  readonly maxCandidateSize: number;
  /** Objects and arrays within each other, the candidate itself counted. */
  readonly maxCandidateDepth: number;
};

export const defaultLimits: RondevuLimits = {
  maxBatchSize: 100,
  maxTotalOperations: 1_000,
  maxOffersPerRequest: 100,
  maxSdpSize: 65_536,
  maxCandidatesPerRequest: 100,
  maxCandidateSize: 4_096,
  maxCandidateDepth: 10,
};

export type RondevuOptions = {
  readonly sessions: SessionCommands;
  readonly credentials: CredentialCommands;
  readonly discover: DiscoverQueries;
  readonly sessionQueries: SessionQueries;
  readonly feed: FeedQueries;
  readonly notices: Pick<Notices, 'discovered' | 'delivered' | 'read' | 'refused'>;

  /** False for a wrong signature, a signature of the wrong length and a key that is no point of the curve. */
  readonly verifyEd25519: (publicKeyHex: string, text: Uint8Array, signature: Uint8Array) => Promise<boolean>;
  /** HMAC-SHA256, compared in constant time; false for any other length too. */
  readonly verifyHmac: (secret: Uint8Array, text: Uint8Array, signature: Uint8Array) => boolean;
  /** With what a credential may sign; empty when there is none, or it has ended. */
  readonly secretsOf: (name: string, now: number) => Promise<readonly Uint8Array[]>;
  /** For moving the end of credentials that slide. */
  readonly credentialOf: (
    name: string,
  ) => Promise<{ readonly expiresAt: number; readonly lifetime: 'fixed' | 'sliding' } | undefined>;
  readonly nonces: {
    check(timestampMs: number): 'fresh' | 'too_old' | 'too_far_ahead' | 'before_start';
    /** True once for each key and nonce; resolves when that holds after a crash too. */
    claim(key: string, nonce: string, timestampMs: number): Promise<boolean>;
  };

  /** The limiter of addresses, asked for the offers and candidates of a POST beyond the first of each item. */
  readonly admitOperations: (clientAddress: string | null, operations: number) => Promise<boolean>;
  /** The limiter of callers, asked for each item whose caller is proved. False: the item is refused. */
  readonly admitCaller: (identity: string) => Promise<boolean>;
  /** The limiter of new credentials. */
  readonly admitCredential: (clientAddress: string | null) => Promise<boolean>;

  readonly limits: RondevuLimits;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told the code of each item that did not prove its caller: for metrics. */
  readonly onAuthFailed: (code: string) => void;
  /** Told of every fault. Answers with the code of what the caller is told, where it is told anything. */
  readonly onFault: (error: unknown) => ErrorCode;
};
