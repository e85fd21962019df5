import { canonicalJson } from './canonical-json.ts';
import { isObject, type Json } from './json.ts';

export type Signed = {
  readonly timestamp: number;
  readonly nonce: string;
  readonly method: string;
  readonly params: Json | undefined;
};

export type TextOptions = {
  /** The method's optional member, which a client may have signed as undefined and then not sent. */
  readonly optionalMember: string | null;
  /** Clients before 0.5.5 sign their params in the order of the body. */
  readonly bodyOrder: boolean;
};

/**
 * The texts that a client may have signed for this request, likeliest first, each made when it is asked for. All say
 * the same: they differ in how the same params are written down. `too_deep`: the params can't be signed at all.
 */
export const signedTexts = (request: Signed, options: TextOptions): Iterable<string> | 'too_deep' => {
  // Upstream signs any falsy params as an empty object.
  const params = request.params || {};
  const canonical = canonicalJson(params);
  return canonical === undefined ? 'too_deep' : texts(request, params, canonical, options);
};

function* texts(request: Signed, params: Json, canonical: string, options: TextOptions): Generator<string> {
  const text = (written: string) => `${request.timestamp}:${request.nonce}:${request.method}:${written}`;
  yield text(canonical);
  const { optionalMember, bodyOrder } = options;
  if (optionalMember !== null && isObject(params) && !Object.hasOwn(params, optionalMember)) {
    const withUndefined = canonicalJson({ ...params, [optionalMember]: undefined });
    if (withUndefined !== undefined) yield text(withUndefined);
  }
  if (bodyOrder) yield text(JSON.stringify(params));
}
