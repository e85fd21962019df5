import type { Opaque } from './events.ts';
import type { Service } from './service.ts';

/** `by` is the proven identity of the caller, `now` the time of the decision in epoch milliseconds. */
export type SessionCommand =
  | {
      readonly type: 'PublishOffer';
      readonly by: string;
      readonly tags: readonly string[];
      readonly service: Service | null;
      readonly sdp: string;
      readonly ttlMs: number;
      readonly now: number;
    }
  | { readonly type: 'RetagSession'; readonly by: string; readonly tags: readonly string[]; readonly now: number }
  | {
      readonly type: 'AnswerOffer';
      readonly by: string;
      readonly sdp: string;
      readonly matchedTags: readonly string[] | null;
      /** How long the session lives from here on; null lets it live out the offer's time. */
      readonly answeredTtlMs: number | null;
      readonly now: number;
    }
  | {
      readonly type: 'AddCandidates';
      readonly by: string;
      readonly candidates: readonly Opaque[];
      /** Names this batch: the same batch again changes nothing. */
      readonly batchId: string;
      readonly maxPerRole: number;
      readonly now: number;
    }
  | {
      readonly type: 'WithdrawSession';
      readonly by: string;
      readonly reason: 'withdrawn' | 'replaced';
      readonly now: number;
    }
  | { readonly type: 'ExpireSession'; readonly now: number }
  | {
      /** The session exists; nothing of what it was need be readable any more. */
      readonly type: 'RedactSession';
      readonly reason: 'retention' | 'erasure';
      readonly policy: string;
      readonly now: number;
    };

export type SessionRejection =
  /** There is none, or it ended and the caller was no party to it. */
  | { readonly code: 'offer_not_found' }
  | { readonly code: 'session_exists' }
  /** Told to its parties only. */
  | { readonly code: 'session_ended'; readonly how: 'withdrawn' | 'expired'; readonly endedAt: number }
  | { readonly code: 'offer_already_answered'; readonly answerer: string; readonly answeredAt: number }
  | { readonly code: 'tags_not_on_offer'; readonly tags: readonly string[] }
  | { readonly code: 'not_authorized' }
  | { readonly code: 'too_many_candidates'; readonly limit: number; readonly have: number };
