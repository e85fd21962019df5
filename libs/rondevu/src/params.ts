import type { ErrorCode } from '@signalbox/contracts';
import { z } from 'zod';
import { Failure, fail } from './failure.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { RondevuLimits } from './options.ts';

/**
 * Each member has its schema here; a method reads its members one after another. One schema for all of a method's
 * params would not do: the first member that is wrong decides the code, some checks need the read model in between,
 * and members that a dialect does not know are ignored whatever they hold.
 */
export const read = <T>(schema: z.ZodType<T>, value: Json | undefined, code: ErrorCode, text?: string): T | Failure => {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : fail(code, text);
};

const MAX_TAGS = 20;

const Tags = z
  .array(z.string().regex(/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/))
  .min(1)
  .max(MAX_TAGS)
  .refine((tags) => new Set(tags).size === tags.length);

export const readTags = (params: JsonObject) => read(Tags, params.tags, 'INVALID_TAG');

const Text = z.string().min(1);

/** An id, or the name of a service where it is only looked at as text. */
export const readText = (params: JsonObject, member: string) =>
  read(Text, params[member], 'INVALID_PARAMS', `${member} must be a string that is not empty`);

const Since = z.number().nonnegative().default(0);

export const readSince = (params: JsonObject) =>
  read(Since, params.since, 'INVALID_PARAMS', 'since must be a finite number, 0 or more');

// What is too large for a number arrives as infinity, and is clamped like any other.
const Ttl = z.custom<number>((value) => typeof value === 'number' && value >= 0);

/** Null when it is not given. The log counts whole milliseconds, so a fraction of one is granted whole. */
const readTtl = (params: JsonObject): number | null | Failure => {
  if (params.ttl === undefined) return null;
  const ttl = read(Ttl, params.ttl, 'INVALID_PARAMS', 'ttl must be a number, 0 or more');
  return ttl instanceof Failure ? ttl : Math.ceil(ttl);
};

// Not zod's `int`, which refuses what is too large to be exact: that is clamped too.
const Count = z.number().nonnegative().refine(Number.isInteger);
const MAX_PAGE = 100;

/** Null where the caller wants no page but one offer; `offset` is not looked at then. */
export const readPage = (params: JsonObject): { readonly limit: number; readonly offset: number } | null | Failure => {
  if (params.limit === undefined) return null;
  const limit = read(Count, params.limit, 'INVALID_PARAMS', 'limit must be an integer, 0 or more');
  if (limit instanceof Failure) return limit;
  const offset = read(Count.default(0), params.offset, 'INVALID_PARAMS', 'offset must be an integer, 0 or more');
  if (offset instanceof Failure) return offset;
  return { limit: Math.min(Math.max(limit, 1), MAX_PAGE), offset };
};

/** Upstream takes an answer of nothing but whitespace, and no such offer. */
export const readSdp = (value: Json | undefined, limits: RondevuLimits, blank: 'taken' | 'refused') => {
  const sdp = read(Text, value, 'INVALID_SDP');
  if (sdp instanceof Failure) return sdp;
  if ((blank === 'refused' && sdp.trim() === '') || sdp.includes('\0')) return fail('INVALID_SDP');
  return sdp.length > limits.maxSdpSize ? fail('SDP_TOO_LARGE') : sdp;
};

export type Offers = { readonly sdps: readonly string[]; readonly ttlMs: number | null };

export const readOffers = (params: JsonObject, limits: RondevuLimits): Offers | Failure => {
  const offers = params.offers;
  if (!isList(offers) || offers.length === 0) {
    return fail('MISSING_PARAMS', 'offers must be a list with something in it');
  }
  if (offers.length > limits.maxOffersPerRequest) return fail('TOO_MANY_OFFERS');
  const sdps: string[] = [];
  for (const offer of offers) {
    // Upstream takes an array for an object here, and then misses its sdp.
    if (!isObject(offer) && !isList(offer)) return fail('INVALID_PARAMS', 'Each offer must be an object');
    const sdp = readSdp(isObject(offer) ? offer.sdp : undefined, limits, 'refused');
    if (sdp instanceof Failure) return sdp;
    sdps.push(sdp);
  }
  const ttlMs = readTtl(params);
  return ttlMs instanceof Failure ? ttlMs : { sdps, ttlMs };
};

/**
 * Null when none were sent. What is no string can't be on the offer, and is refused with the tags that aren't; more
 * than an offer can carry can't either.
 */
export const readMatchedTags = (params: JsonObject): readonly string[] | null | Failure => {
  const tags = params.matchedTags;
  if (tags === undefined) return null;
  if (!isList(tags) || tags.length > MAX_TAGS) return fail('INVALID_PARAMS', 'matchedTags must be a list of tags');
  return tags.map((tag) => (typeof tag === 'string' ? tag : ''));
};
