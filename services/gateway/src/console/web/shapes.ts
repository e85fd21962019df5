/** What the audit API answers, as far as this page reads it, and what the page's modules hand to each other. Never served. */

/** A stored event. Times are epoch milliseconds, hashes are hex. */
export type Entry = {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly eventId: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly at: number;
  readonly actor: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceId: string | null;
  readonly authorisation: Readonly<Record<string, unknown>> | null;
  readonly keyId: string | null;
  readonly hash: string | null;
  readonly previousHash: string | null;
  readonly size: number;
  readonly payload: Payload | null;
  /** False: the key of its payload has been destroyed. */
  readonly readable: boolean;
};

/** Which fields there are hangs on the type of the event, and on its version: none is taken for granted. */
export type Payload = Readonly<Record<string, unknown>>;

export type Refusal = {
  readonly code: string;
  readonly operation: string;
  readonly identity: string | null;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly detail: string | null;
};

export type Verdict = {
  readonly outcome: 'connected' | 'failed' | 'waiting' | 'unknown';
  readonly cause: string;
  readonly certain: boolean;
  readonly sentence: string;
  readonly evidence: readonly { readonly position: number; readonly eventId: string; readonly says: string }[];
  readonly advice: readonly string[];
  readonly alternatives: readonly string[];
  readonly contradiction: string | null;
};

export type Timeline = {
  readonly sessionId: string;
  readonly state: string;
  readonly offerer: string | null;
  readonly answerer: string | null;
  readonly redacted: boolean;
  readonly entries: readonly Entry[];
  readonly refusals: readonly Refusal[];
  readonly verdict: Verdict;
};

export type StateAt = {
  readonly revision: number;
  readonly position: number;
  readonly state: unknown;
  readonly stateHash: string;
  readonly dueAt: number | null;
  readonly overdue: boolean;
};

export type FoundSession = {
  readonly sessionId: string;
  readonly publisher: string;
  readonly answerer: string | null;
  readonly tags: readonly string[];
  readonly state: string;
  readonly publishedAt: number;
  readonly endedAt: number | null;
  readonly traces: readonly string[];
};

export type FoundPage = { readonly sessions: readonly FoundSession[]; readonly cursor: string | null };

export type EventPage = {
  readonly events: readonly Entry[];
  readonly cursor: string | null;
  /** Leads to what is recorded after this page. */
  readonly resume: string;
};

export type DiscoveryAt = {
  readonly at: number;
  readonly position: number;
  readonly sessions: readonly Readonly<Record<string, unknown>>[];
  /** Offers whose key was destroyed since. */
  readonly unreadable: number;
  readonly stateHash: string;
};

export type Health = {
  readonly checkpoint: {
    readonly size: number;
    readonly position: number;
    readonly signedAt: number;
    readonly ageMs: number;
    readonly behind: number;
  } | null;
  readonly contradiction: { readonly reason: string; readonly since: number } | null;
  readonly verification: {
    readonly verifiedAt: number;
    readonly position: number;
    readonly size: number;
    readonly intact: boolean;
    readonly firstDifference: number | null;
  } | null;
  readonly keys: Readonly<Record<string, unknown>>;
  readonly readModels: readonly { readonly name: string; readonly position: number; readonly behind: number }[];
  readonly head: number;
};

export type Lane = 'offerer' | 'server' | 'answerer' | 'others';

/** One thing that happened on the ladder. An event is one of them, or several: each delivery that it counts has a time. */
export type Step = {
  /** Unlike that of any other step of the session. */
  readonly key: string;
  readonly entry: Entry;
  readonly at: number;
  readonly from: Lane;
  /** The same as `from`: something that happened there, and was sent to nobody. */
  readonly to: Lane;
  readonly label: string;
  readonly mark: 'none' | 'refused' | 'unreadable' | 'good' | 'bad' | 'quiet';
};

export type LadderRow = {
  readonly step: Step;
  readonly top: number;
  readonly height: number;
  /** Of the arrow. */
  readonly y: number;
  readonly x1: number;
  readonly x2: number;
  /** Shortened to the room that there is. */
  readonly text: string;
  readonly textX: number;
  readonly anchor: 'start' | 'middle' | 'end';
  /** How long nothing happened before it; null when that was not long. */
  readonly silence: number | null;
};

export type Ladder = {
  readonly width: number;
  readonly height: number;
  /** Times have a column of their own; otherwise each stands over its row. */
  readonly wide: boolean;
  readonly lanes: readonly {
    readonly lane: Lane;
    readonly x: number;
    readonly identity: string;
    /** The identity, shortened to the room that there is. */
    readonly text: string;
  }[];
  readonly rows: readonly LadderRow[];
};

/** Where the page is: what the address after `#` says. */
export type Place =
  | { readonly view: 'search'; readonly text: string }
  | { readonly view: 'session'; readonly id: string; readonly at: number | null; readonly event: string | null }
  | { readonly view: 'tail' }
  | { readonly view: 'health' }
  | { readonly view: 'discovery'; readonly tag: string; readonly at: string };

export type Search = {
  readonly identity?: string;
  readonly tag?: string;
  readonly trace?: string;
  readonly from?: number;
  readonly to?: number;
};

export type Sought =
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'search'; readonly search: Search }
  | { readonly kind: 'unclear'; readonly why: string; readonly instead: readonly string[] };

/** What the page needs of the browser: handed in, so that nothing else reaches for time, timers or the network. */
export type Browser = {
  readonly now: () => number;
  /** Calls once, after so many milliseconds; the answer takes it back. */
  readonly after: (ms: number, call: () => void) => () => void;
  readonly fetch: typeof fetch;
  /** Of this tab, gone when it is closed. */
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
};
