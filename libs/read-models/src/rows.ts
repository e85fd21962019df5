/**
 * The rows that queries answer from, and nothing else: no rule is decided on a row. Times are epoch milliseconds.
 * Strings are shared with the event they come from, so a row costs little beyond its payload.
 */

export type Service = { readonly name: string; readonly version: string };

/** An open offer, as discovery shows it. Gone from the view at the answer or the end. */
export type DiscoveryRow = {
  readonly sessionId: string;
  readonly publisher: string;
  readonly tags: readonly string[];
  readonly service: Service | null;
  readonly sdp: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** Orders offers by age: the position of the event that published this one. */
  readonly order: number;
};

/** A session as its two parties may see it. */
export type SessionRow = {
  readonly sessionId: string;
  readonly state: 'open' | 'answered' | 'withdrawn' | 'expired';
  readonly publisher: string;
  readonly tags: readonly string[];
  readonly service: Service | null;
  readonly sdp: string;
  readonly createdAt: number;
  /** The due time; for an ended session, the one it had. */
  readonly expiresAt: number;
  readonly answer: {
    readonly answerer: string;
    readonly sdp: string;
    readonly matchedTags: readonly string[] | null;
    readonly answeredAt: number;
  } | null;
  readonly offererCandidates: number;
  readonly answererCandidates: number;
  /** When it ended (an expiry: the due time); null while it lives. */
  readonly endedAt: number | null;
};

export type CredentialRow = {
  readonly name: string;
  readonly sealedSecret: string;
  readonly previous: { readonly sealedSecret: string; readonly validUntil: number } | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly lifetime: 'fixed' | 'sliding';
  readonly endedAt: number | null;
};

/** Something that has to be ended at a time. */
export type DueRow = { readonly kind: 'session' | 'credential'; readonly id: string; readonly dueAt: number };

/** What the feed projection must remember of a session to know whom an event concerns. */
export type FeedSessionRow = {
  readonly publisher: string;
  readonly answerer: string | null;
  /** The offerer's candidates from before the answer: they go to the answerer once there is one. */
  readonly waiting: readonly unknown[];
};

export type Delivered =
  | {
      readonly type: 'answered';
      readonly answerer: string;
      readonly sdp: string;
      readonly matchedTags: readonly string[] | null;
    }
  /** The other party's candidates, in the order they came; `from` is who sent them. */
  | {
      readonly type: 'candidates';
      readonly from: string;
      readonly role: 'offerer' | 'answerer';
      readonly candidates: readonly unknown[];
      /** How many of this role came before them. */
      readonly firstIndex: number;
    }
  | { readonly type: 'withdrawn'; readonly reason: 'withdrawn' | 'replaced' }
  | { readonly type: 'expired'; readonly was: 'open' | 'answered' };

/** What the feed projection gives beside its rows. */
export type FeedOut = FeedTold | FeedTakenBack;

/** One item for one recipient, as the projection gives it. */
export type FeedTold = {
  readonly recipient: string;
  readonly sessionId: string;
  readonly recordedAt: number;
  readonly position: number;
  /** Tells apart several items of one event for the same recipient; 0 for the first. */
  readonly index: number;
  readonly delivered: Delivered;
};

/**
 * The session was redacted: whatever anyone has been told of it goes at once, and what was not told yet never is. Each
 * reader's point stays what it is.
 */
export type FeedTakenBack = { readonly takenBack: string };

/**
 * An item as the feed keeps it. `sequence` grows strictly within a recipient's feed in the order items become
 * readable: what the cursor counts. `at` grows strictly too, and by one for each candidate: candidate i of an item
 * bears the time `at + i`. So a client that remembers only the largest time it has seen misses nothing.
 */
export type FeedItem = {
  readonly sequence: number;
  readonly at: number;
  readonly sessionId: string;
  readonly delivered: Delivered;
};

/**
 * What an auditor finds a session by. It outlives the session, and its redaction: then `tags` and `service`, which were
 * sealed, are gone from it.
 */
export type RecordedSessionRow = {
  readonly sessionId: string;
  readonly publisher: string;
  readonly answerer: string | null;
  /** Others who sent candidates before the answer: they are in the record of the session too. */
  readonly visitors: readonly string[];
  /** Every tag that it ever carried. */
  readonly tags: readonly string[];
  /** The trace ids of the first requests that changed it, a few. */
  readonly traces: readonly string[];
  readonly service: Service | null;
  readonly publishedAt: number;
  /** When it ended (an expiry: the due time); null while it lives. */
  readonly endedAt: number | null;
  /** What it was at last; `redacted` where it was redacted while it lived. */
  readonly state: 'open' | 'answered' | 'withdrawn' | 'expired' | 'redacted';
  readonly redacted: boolean;
};

export type RecordedCredentialRow = {
  readonly name: string;
  readonly issuedAt: number;
  readonly endedAt: number | null;
  readonly redacted: boolean;
};
