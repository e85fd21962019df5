import type { Notices } from '@signalbox/queries';
import type { Item } from './dialect.ts';
import type { Failure } from './failure.ts';
import { isObject } from './json.ts';

/** What the methods that name an offer are about, in the words in which refusals are kept. */
const operations: ReadonlyMap<string, Parameters<Notices['refused']>[0]['operation']> = new Map([
  ['answerOffer', 'answer'],
  ['addIceCandidates', 'candidates'],
  ['getIceCandidates', 'read'],
  ['getOfferAnswer', 'read'],
  ['deleteOffer', 'withdraw'],
]);

/** Longer than any id of ours: what is longer is none. */
const MAX_ID_LENGTH = 128;

/** Tells of the refusal of a call on an offer. `caller`: null where it is not proved. */
export const noteRefused = (
  notices: Pick<Notices, 'refused'>,
  { method, params }: Item,
  caller: string | null,
  { code, text }: Failure,
): void => {
  const operation = operations.get(method);
  const sessionId = isObject(params) ? params.offerId : undefined;
  if (!operation || typeof sessionId !== 'string' || sessionId.length > MAX_ID_LENGTH) return;
  if (code === 'OFFER_NOT_ANSWERED') return; // not now: that is how clients wait
  notices.refused({ sessionId, code, operation, identity: caller, detail: text });
};
