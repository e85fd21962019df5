import type { Service } from './service.ts';

/** A JSON value that the server keeps and hands on without looking into it. */
export type Opaque = null | boolean | number | string | readonly Opaque[] | { readonly [key: string]: Opaque };

export type Role = 'offerer' | 'answerer';

/**
 * What can happen to a session. Names and fields are the stored format: they are never renamed. A new shape is a new
 * schema version in `libs/event-schemas`. All times are epoch milliseconds.
 */
export type SessionEvent =
  | {
      readonly type: 'OfferPublished';
      readonly data: {
        readonly publisher: string;
        readonly tags: readonly string[];
        readonly service: Service | null;
        readonly sdp: string;
        readonly publishedAt: number;
        readonly expiresAt: number;
      };
    }
  | {
      readonly type: 'SessionRetagged';
      readonly data: { readonly tags: readonly string[]; readonly retaggedAt: number };
    }
  | {
      readonly type: 'OfferAnswered';
      readonly data: {
        readonly answerer: string;
        readonly sdp: string;
        /** The tags through which the answerer says it found the offer; null when it said nothing. */
        readonly matchedTags: readonly string[] | null;
        readonly answeredAt: number;
        /** The due time from here on; it replaces the offer's. */
        readonly expiresAt: number;
      };
    }
  | {
      readonly type: 'CandidatesAdded';
      readonly data: {
        readonly role: Role;
        readonly identity: string;
        readonly candidates: readonly Opaque[];
        /** How many this role had before: candidate i of this event is number `firstIndex + i` of its role. */
        readonly firstIndex: number;
        readonly batchId: string;
        readonly addedAt: number;
      };
    }
  | {
      /** Sent before there was an answer, by someone who may yet give it. Shown to nobody unless that identity wins. */
      readonly type: 'CandidatesHeld';
      readonly data: {
        readonly identity: string;
        readonly candidates: readonly Opaque[];
        readonly batchId: string;
        readonly heldAt: number;
        /** The identity whose held candidates made room for these; null when there was room. */
        readonly evicted: string | null;
      };
    }
  | {
      readonly type: 'SessionWithdrawn';
      readonly data: { readonly reason: 'withdrawn' | 'replaced'; readonly withdrawnAt: number };
    }
  | {
      /** Compensating: recorded by the scheduler. `dueAt` is when the session ended, `expiredAt` when it was recorded. */
      readonly type: 'SessionExpired';
      readonly data: { readonly dueAt: number; readonly was: 'open' | 'answered'; readonly expiredAt: number };
    }
  | {
      /** Compensating: the key of everything above was destroyed. Never sealed, so that it stays readable. */
      readonly type: 'SessionRedacted';
      readonly data: {
        readonly reason: 'retention' | 'erasure';
        /** What asked for it: the retention that applied, or the id of the erasure. */
        readonly policy: string;
        readonly redactedAt: number;
      };
    };
