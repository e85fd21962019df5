import type { ErrorCode } from '@signalbox/contracts';
import { type Failure, fail } from './failure.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { RondevuLimits } from './options.ts';

export type RpcResult =
  | { readonly success: true; readonly result: Readonly<Record<string, unknown>> }
  | { readonly success: false; readonly error: string; readonly errorCode: ErrorCode };

export const failed = ({ code, text }: Failure): RpcResult => ({ success: false, error: text, errorCode: code });

export type Envelope =
  | { readonly kind: 'batch'; readonly items: readonly Json[]; readonly operations: number }
  /** The whole POST is refused with one answer; clients take any other status than 200 for the loss of all items. */
  | { readonly kind: 'refused'; readonly status: 400 | 413; readonly failure: Failure };

const refused = (status: 400 | 413, failure: Failure): Envelope => ({ kind: 'refused', status, failure });

export const readEnvelope = (body: Uint8Array, limits: RondevuLimits): Envelope => {
  const items = parse(body);
  if (items === undefined) return refused(400, fail('INVALID_PARAMS', 'The body is not JSON'));
  if (!isList(items)) return refused(400, fail('INVALID_PARAMS', 'The body must be an array of calls'));
  if (items.length === 0) return refused(400, fail('INVALID_PARAMS', 'The batch is empty'));
  if (items.length > limits.maxBatchSize) {
    return refused(413, fail('BATCH_TOO_LARGE', `A batch has at most ${limits.maxBatchSize} calls`));
  }
  return { kind: 'batch', items, operations: items.reduce((sum: number, item) => sum + operationsOf(item), 0) };
};

const parse = (body: Uint8Array): Json | undefined => {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as Json;
  } catch {
    return undefined; // what is no JSON is an answer to the caller, not a fault
  }
};

/** What an item may cost, told from its outside and before any runs. */
const operationsOf = (item: Json): number => {
  if (!isObject(item) || !isObject(item.params)) return 1;
  return Math.max(1, elementsOf(item.method, item.params));
};

const elementsOf = (method: Json | undefined, params: JsonObject): number => {
  const list = method === 'publishOffer' ? params.offers : method === 'addIceCandidates' ? params.candidates : null;
  return isList(list) ? list.length : 1;
};
