import type { Refusal } from '@signalbox/commands';
import { catalogue, type ErrorCode } from '@signalbox/contracts';

/** What a caller is told instead of a result. A value, handed back; never thrown. */
export class Failure {
  readonly code: ErrorCode;
  readonly text: string;

  constructor(code: ErrorCode, text: string) {
    this.code = code;
    this.text = text;
  }
}

/**
 * Texts are for people and free to change, but for one: clients take OFFER_NOT_ANSWERED for "not now" by the words
 * `not yet answered` in it.
 */
export const fail = (code: ErrorCode, text: string = catalogue[code].title): Failure => new Failure(code, text);

/**
 * Rondevu has no word for an ended session: it is gone. A lost race for a stream is told as a limit, the one code that
 * every client takes for "failed, nothing was done, try again".
 */
const codeOf = {
  offer_not_found: 'OFFER_NOT_FOUND',
  session_ended: 'OFFER_NOT_FOUND',
  session_exists: 'INTERNAL_ERROR',
  offer_already_answered: 'OFFER_ALREADY_ANSWERED',
  tags_not_on_offer: 'INVALID_PARAMS',
  not_authorized: 'NOT_AUTHORIZED',
  too_many_candidates: 'TOO_MANY_ICE_CANDIDATES',
  too_many_sessions: 'TOO_MANY_OFFERS_PER_USER',
  storage_full: 'STORAGE_FULL',
  credential_name_taken: 'INVALID_PARAMS',
  credential_not_found: 'INVALID_CREDENTIALS',
  credential_ended: 'INVALID_CREDENTIALS',
  contended: 'RATE_LIMIT_EXCEEDED',
} as const satisfies Record<Refusal['code'], ErrorCode>;

const textOf: Partial<Record<Refusal['code'], string>> = {
  tags_not_on_offer: 'matchedTags names a tag that the offer does not carry',
  credential_name_taken: 'This name is taken',
  contended: 'Too many changes to the same offer at once; nothing was done, try again',
};

export const failureOf = (refusal: Refusal): Failure => fail(codeOf[refusal.code], textOf[refusal.code]);
