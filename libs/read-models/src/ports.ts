import type {
  CredentialRow,
  DiscoveryRow,
  DueRow,
  FeedItem,
  RecordedCredentialRow,
  RecordedSessionRow,
  SessionRow,
} from './rows.ts';

/**
 * What queries and process managers ask of the views. `now` is always handed in: what is due by then is not shown,
 * whether or not the event that ends it has been recorded.
 */

export type OfferFilter = {
  /** Any of these; empty means no condition on tags. */
  readonly tags: readonly string[];
  /** Versions are a semver range (`^1.2`, `1.2.3`, `*`); null means no condition on the service. */
  readonly service: { readonly name: string; readonly range: string } | null;
  /** Offers of this identity are left out. */
  readonly except: string | null;
};

export interface Discovery {
  /**
   * Open offers, newest first, each once, with `order < before` (null: from the newest), skipping `skip` of them.
   * Offers that come or go between two pages neither repeat nor hide another.
   */
  page(
    filter: OfferFilter,
    options: { readonly before: number | null; readonly skip: number; readonly limit: number; readonly now: number },
  ): Promise<readonly DiscoveryRow[]>;
  /** One open offer, each with the same chance however many of the tags it carries. Costs the same at any size. */
  random(filter: OfferFilter, now: number): Promise<DiscoveryRow | undefined>;
  /** Oldest first is `page` reversed, for the dialect that wants it: the oldest open offer that matches. */
  oldest(filter: OfferFilter, now: number): Promise<DiscoveryRow | undefined>;
  /** Open offers for each tag; with `unique`, how many publishers they have. */
  count(tags: readonly string[], unique: boolean, now: number): Promise<ReadonlyMap<string, number>>;
  /** How many offers are open. */
  openCount(now: number): Promise<number>;
}

export interface Sessions {
  /** Ended sessions are found for a while (retention), then no more. */
  find(sessionId: string): Promise<SessionRow | undefined>;
  /** The sessions an identity has published that live at `now`, oldest first. */
  livePublishedBy(identity: string, now: number): Promise<readonly SessionRow[]>;
  /** How many live: in all, or of one identity. */
  liveCount(now: number, identity?: string): Promise<number>;
}

export interface Credentials {
  find(name: string): Promise<CredentialRow | undefined>;
  /** Every credential that is kept, in pages. One may be given twice, or not at all, when it comes or goes meanwhile. */
  all(): AsyncIterable<readonly CredentialRow[]>;
  liveCount(): Promise<number>;
}

/** How far a reader has come in a feed. Made by the feeds alone; whoever holds one gives it back as it is. */
export type FeedPoint = {
  /** Identifies the numbering. */
  readonly epoch: string;
  readonly sequence: number;
  /**
   * For feeds whose numbering may be replaced: of each lane of the log that the reader has seen something of, the
   * position up to which it has seen everything. Empty where the numbering follows from the log alone.
   */
  readonly seen: readonly (readonly [lane: number, position: number])[];
};

export type FeedPage = {
  readonly items: readonly FeedItem[];
  /** Where a reader is after each of the items. */
  readonly points: readonly FeedPoint[];
  /** Where a reader is after this page: beyond the last item, or as far as the feed has been read. */
  readonly point: FeedPoint;
  /** False: items between `after` and the first of these may have been forgotten, or it says nothing to these feeds. */
  readonly recovered: boolean;
};

export interface Feeds {
  /** Items beyond `after` (null: from the first that is kept), in order, at most `limit`. */
  read(recipient: string, after: FeedPoint | null, limit: number): Promise<FeedPage>;
  /** The same for one session only. */
  readSession(recipient: string, sessionId: string, after: FeedPoint | null, limit: number): Promise<FeedPage>;
  /** Every item that holds a time beyond `since`, in order. */
  since(recipient: string, since: number): Promise<readonly FeedItem[]>;
  /** The same for one session only. */
  sessionSince(recipient: string, sessionId: string, since: number): Promise<readonly FeedItem[]>;
  /** Resolves when the recipient's feed holds something beyond `after`, may be numbered anew, or `signal` aborts. */
  changed(recipient: string, after: FeedPoint, signal: AbortSignal): Promise<void>;
}

export interface DueTimes {
  /**
   * What is due at `now`, earliest first, at most `limit`, for whoever asks: it is given to nobody else for `leaseMs`.
   * A row stays until the event that ends it has been applied, and is given again when its lease is over by then.
   */
  claim(now: number, limit: number, leaseMs: number): Promise<readonly DueRow[]>;
  /** When `claim` may next find something: a due time or the end of a lease. Null when nothing waits. */
  next(): Promise<number | null>;
  /** Called whenever `next` may have become earlier. Answers with how to stop being told. */
  onEarlier(listener: () => void): () => void;
  size(): Promise<number>;
}

/** Forgets what ended before a time. */
export interface Forgets {
  forget(endedBefore: number): Promise<number>;
}

/** Whether what a caller has just written can be read. */
export interface Progress {
  /**
   * Resolves true once the views show each stream at least at its revision, false when `withinMs` pass first.
   * `writtenAt` (epoch milliseconds): a stream that the views do not know, and that was written longer ago than they
   * keep what has ended, was shown and forgotten.
   */
  shows(
    writes: readonly { readonly stream: string; readonly revision: number }[],
    writtenAt: number,
    withinMs: number,
  ): Promise<boolean>;
}

/** Something that was noticed while a request was served. Epoch milliseconds. */
export type Note =
  /** The offer was shown to somebody who looked for offers. */
  | { readonly kind: 'discovered'; readonly sessionId: string; readonly at: number }
  /** Something was handed to a party. `upTo`: how many of the other's candidates in all; 1 for an answer or an end. */
  | {
      readonly kind: 'delivered';
      readonly sessionId: string;
      readonly to: string;
      readonly role: 'offerer' | 'answerer';
      readonly what: 'answer' | 'candidates' | 'end';
      readonly upTo: number;
      readonly at: number;
    }
  /** A request about a session was refused. `identity`: who asked, null where that is not proven. */
  | {
      readonly kind: 'refused';
      readonly sessionId: string;
      readonly code: string;
      readonly operation: 'answer' | 'candidates' | 'read' | 'retag' | 'withdraw' | 'report';
      readonly identity: string | null;
      readonly detail: string | null;
      readonly at: number;
    }
  /** Somebody did not prove who they are. */
  | { readonly kind: 'unauthenticated'; readonly reason: string; readonly at: number }
  /** A limit was used up. */
  | { readonly kind: 'limited'; readonly policy: string; readonly at: number };

type NotedDelivery = Omit<Extract<Note, { readonly kind: 'delivered' }>, 'kind' | 'sessionId' | 'at'>;
type NotedRefusal = Omit<Extract<Note, { readonly kind: 'refused' }>, 'kind' | 'sessionId' | 'at'>;
type Span = { readonly firstAt: number; readonly lastAt: number };

/** What is new of one session. Counts are of what came since it was taken before. */
export type ObservedSession = {
  readonly sessionId: string;
  /** When the first of it was noticed. */
  readonly since: number;
  readonly discovered: { readonly firstShownAt: number; readonly times: number } | null;
  readonly deliveries: readonly (NotedDelivery & Span)[];
  readonly refusals: readonly (NotedRefusal & Span & { readonly count: number })[];
};

type Counted = readonly { readonly name: string; readonly count: number }[];

/** What has no session, for one minute that is over: failures by reason, trips by policy. `minute`: when it began. */
export type ObservedMinute = {
  readonly minute: number;
  readonly authenticationFailures: Counted;
  readonly limitTrips: Counted;
};

export type Observed = {
  readonly sessions: readonly ObservedSession[];
  /** Of one process each: those of the same minute add up. */
  readonly minutes: readonly ObservedMinute[];
  /** What was given up for want of room, or lost on the way, since the last time; null for nothing. */
  readonly dropped: Dropped | null;
};

/** Of how many sessions something is lost, and when the first of it was noticed, epoch milliseconds. */
export type Dropped = { readonly sessions: number; readonly since: number };

/**
 * What is noticed on the way of requests, until it is recorded. It is of use to whoever asks why a call failed, and
 * nothing else rests on it: what a process has noticed in its last second or two goes with it when it dies.
 */
export interface Observations {
  /** Never waits and never throws. Bounded: of the same again only so much is kept that it can be told. */
  note(note: Note): void;
  /** What is new, oldest first, of at most `limit` sessions, and of the minutes that are over at `now`. Given once. */
  take(limit: number, now: number): Promise<Observed>;
}

/** Which recorded sessions. Everything that is given has to hold; nothing given means every session. */
export type RecordedFilter = {
  /** Published, answered, or sent candidates before the answer. */
  readonly identity: string | null;
  /** Carried it at some time. Not known any more of what was redacted. */
  readonly tag: string | null;
  /** 32 hex digits. */
  readonly trace: string | null;
  /** Published at or after, epoch milliseconds. */
  readonly from: number | null;
  /** Published before. */
  readonly to: number | null;
};

/** Where a page of recorded sessions ended. */
export type RecordedPoint = { readonly publishedAt: number; readonly sessionId: string };

/**
 * What was recorded, by what auditors and retention look for. It shows the log up to some moment that is not long ago;
 * nobody waits for it. What ended longer ago than it is kept for is forgotten.
 */
export interface AuditIndex {
  /** The newest first (of the same time, the larger id first), strictly beyond `after`, at most `limit`. */
  sessions(filter: RecordedFilter, after: RecordedPoint | null, limit: number): Promise<readonly RecordedSessionRow[]>;
  session(sessionId: string): Promise<RecordedSessionRow | undefined>;
  credential(name: string): Promise<RecordedCredentialRow | undefined>;
  /** Credentials that ended before a time and are not redacted, those that ended first first, at most `limit`. */
  endedCredentials(before: number, limit: number): Promise<readonly RecordedCredentialRow[]>;
  /** The position up to which it shows the log. */
  position(): Promise<number>;
}
