import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { createV1 } from '../src/index.ts';
import { accepted, limits, refused, v1 } from './schemas.ts';

const offers = [{ sdp: 'v=0' }];
const publish = (over: Record<string, unknown> = {}) => ({ tags: ['chat'], offers, ...over });
const TEN_YEARS = 10 * 365 * 24 * 3_600_000;

describe('tags', () => {
  it.each(['a', '0', 'a-b', 'a.b', 'room-42', 'a--b', 't'.repeat(64)])('%s is one', (tag) => {
    expect(accepted(v1.publish.body, publish({ tags: [tag] })).tags).toEqual([tag]);
  });

  it.each([
    ...['', ' ', 'A', '-a', 'a-', '.a', 'a.', 'a b', 'a_b', 'ä', 'a\n', 'a\u0000', '💥', 'a,b', '*'],
    't'.repeat(65),
  ])('%j is none', (tag) => {
    expect(refused(v1.publish.body, publish({ tags: ['ok', tag] }))).toEqual([['tags.1', 'INVALID_TAG']]);
    expect(refused(v1.discover.query, { tag })).toEqual([['tag.0', 'INVALID_TAG']]);
    expect(refused(v1.retag.body, { tags: [tag] })[0]).toEqual(['tags.0', 'INVALID_TAG']);
    expect(refused(v1.answer.body, { sdp: 'v=0', matchedTags: [tag] })).toEqual([['matchedTags.0', 'INVALID_TAG']]);
  });

  it('are different, and at most as many as is allowed', () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => `t${n}`);
    expect(accepted(v1.retag.body, { tags: many(20) }).tags).toHaveLength(20);
    expect(refused(v1.retag.body, { tags: many(21) })).toEqual([['tags', 'INVALID_TAG']]);
    expect(refused(v1.retag.body, { tags: ['a', 'b', 'a'] })).toEqual([['tags', 'INVALID_TAG']]);
    expect(refused(v1.publish.body, publish({ tags: many(21) }))).toEqual([['tags', 'INVALID_TAG']]);
    expect(refused(v1.discover.query, { tag: many(21) })).toEqual([['tag', 'INVALID_TAG']]);
  });

  it('are needed where nothing else says what is meant', () => {
    expect(refused(v1.retag.body, { tags: [] })).toEqual([['tags', 'INVALID_TAG']]);
    for (const tags of [[], undefined]) {
      expect(refused(v1.publish.body, publish({ tags }))).toEqual([['tags', 'INVALID_TAG']]);
      expect(accepted(v1.publish.body, publish({ tags, service: 'chat@1.0.0' })).service).toStrictEqual({
        ...{ name: 'chat', version: '1.0.0' },
      });
    }
    expect(refused(v1.discover.query, {})).toEqual([['tag', 'INVALID_TAG']]);
    expect(accepted(v1.discover.query, { service: 'chat@^1.2' }).service).toStrictEqual({
      name: 'chat',
      range: '^1.2',
    });
    expect(refused(v1.countTags.query, {})[0]?.[0]).toBe('tag');
    expect(accepted(v1.answer.body, { sdp: 'v=0', matchedTags: [] }).matchedTags).toEqual([]);
  });

  it('have the limits that are configured', () => {
    const tight = createV1({ ...limits, maxTags: 2, maxTagLength: 3 }).retag.body;
    expect(accepted(tight, { tags: ['abc', 'b'] }).tags).toHaveLength(2);
    expect(refused(tight, { tags: ['abcd'] })).toEqual([['tags.0', 'INVALID_TAG']]);
    expect(refused(tight, { tags: ['a', 'b', 'c'] })).toEqual([['tags', 'INVALID_TAG']]);
  });
});

describe('a description', () => {
  const inOffer = (sdp: unknown) => publish({ offers: [{ sdp: 'v=0' }, { sdp }] });

  it('may be any text that is not empty, up to its limit, and stays as it is', () => {
    for (const sdp of ['v', ' v=0\r\n', 'sealed:💥\u0000', 's'.repeat(65_536)]) {
      expect(accepted(v1.publish.body, inOffer(sdp)).offers[1]?.sdp).toBe(sdp);
      expect(accepted(v1.answer.body, { sdp }).sdp).toBe(sdp);
    }
  });

  it.each(['', ' ', '\r\n\t'])('is not empty: %j', (sdp) => {
    expect(refused(v1.publish.body, inOffer(sdp))).toEqual([['offers.1.sdp', 'INVALID_SDP']]);
    expect(refused(v1.answer.body, { sdp })).toEqual([['sdp', 'INVALID_SDP']]);
  });

  it('is no longer than is allowed', () => {
    const sdp = 's'.repeat(65_537);
    expect(refused(v1.publish.body, inOffer(sdp))).toEqual([['offers.1.sdp', 'SDP_TOO_LARGE']]);
    expect(refused(v1.answer.body, { sdp })).toEqual([['sdp', 'SDP_TOO_LARGE']]);
    const tight = createV1({ ...limits, maxSdpLength: 3 }).answer.body;
    expect(accepted(tight, { sdp: 'v=0' }).sdp).toBe('v=0');
    expect(refused(tight, { sdp: 'v=00' })).toEqual([['sdp', 'SDP_TOO_LARGE']]);
  });

  it.each([[1], [null], [{}], [['v=0']]])('is a text: not %j', (sdp) => {
    expect(refused(v1.publish.body, inOffer(sdp))[0]?.[0]).toBe('offers.1.sdp');
  });
});

describe('publishing', () => {
  it('takes 1 to as many offers as are allowed', () => {
    const many = (count: number) => publish({ offers: Array.from({ length: count }, () => ({ sdp: 'v=0' })) });
    expect(accepted(v1.publish.body, many(1)).offers).toHaveLength(1);
    expect(accepted(v1.publish.body, many(100)).offers).toHaveLength(100);
    expect(refused(v1.publish.body, many(101))).toEqual([['offers', 'TOO_MANY_OFFERS']]);
    expect(refused(v1.publish.body, many(0))).toEqual([['offers', 'MISSING_PARAMS']]);
    const tight = createV1({ ...limits, maxOffersPerRequest: 2 }).publish.body;
    expect(refused(tight, many(3))).toEqual([['offers', 'TOO_MANY_OFFERS']]);
  });

  it('takes a lifetime in whole milliseconds, up to ten years', () => {
    for (const ttlMs of [0, 1, TEN_YEARS]) expect(accepted(v1.publish.body, publish({ ttlMs })).ttlMs).toBe(ttlMs);
    for (const ttlMs of [-1, 1.5, TEN_YEARS + 1, Number.NaN, Number.POSITIVE_INFINITY, '60000', null]) {
      expect(refused(v1.publish.body, publish({ ttlMs }))).toEqual([['ttlMs', 'INVALID_PARAMS']]);
    }
  });

  it('names a service by the code of services', () => {
    expect(refused(v1.publish.body, publish({ service: 'chat' }))).toEqual([['service', 'INVALID_FQN']]);
    expect(refused(v1.publish.body, publish({ service: 'chat@1' }))).toEqual([['service.version', 'INVALID_FQN']]);
  });
});

describe('discovering', () => {
  it('reads a query as it comes: texts, and one tag or several', () => {
    expect(accepted(v1.discover.query, { tag: 'a' })).toStrictEqual({ tag: ['a'], limit: 20 });
    expect(accepted(v1.discover.query, { tag: ['a', 'b'], limit: '100', cursor: 'x', pick: 'random' })).toStrictEqual({
      ...{ tag: ['a', 'b'], limit: 100, cursor: 'x', pick: 'random' },
    });
    expect(accepted(v1.countTags.query, { tag: 'a', unique: 'true' })).toStrictEqual({ tag: ['a'], unique: 'true' });
  });

  it.each([
    ['limit', '0'],
    ['limit', '101'],
    ['limit', '-1'],
    ['limit', '1.5'],
    ['limit', 'many'],
    ['limit', ['1', '2']],
    ['cursor', ''],
    ['cursor', 'c'.repeat(2_049)],
    ['cursor', ['a', 'b']],
    ['pick', 'first'],
  ])('refuses %s=%j', (name, value) => {
    expect(refused(v1.discover.query, { tag: 'a', [name]: value })).toEqual([[name, 'INVALID_PARAMS']]);
  });

  it('names a service by the code of services', () => {
    expect(refused(v1.discover.query, { service: 'chat@latest' })).toEqual([['service.range', 'INVALID_FQN']]);
  });
});

describe('the feed', () => {
  it('gives 100 items unless asked for 1 to 1,000', () => {
    expect(accepted(v1.feed.query, {})).toStrictEqual({ limit: 100 });
    expect(accepted(v1.feed.query, { limit: '1000', cursor: 'c' })).toStrictEqual({ limit: 1_000, cursor: 'c' });
    for (const limit of ['0', '1001', 'x']) {
      expect(refused(v1.feed.query, { limit })).toEqual([['limit', 'INVALID_PARAMS']]);
    }
  });
});

describe('credentials', () => {
  it('may be issued with nothing said, and live from a second to ten years', () => {
    expect(accepted(v1.issueCredential.body, undefined)).toBeUndefined();
    expect(accepted(v1.issueCredential.body, {})).toStrictEqual({});
    for (const ttlMs of [1_000, TEN_YEARS]) {
      expect(accepted(v1.issueCredential.body, { name: 'alice', ttlMs })).toStrictEqual({ name: 'alice', ttlMs });
    }
    for (const ttlMs of [999, TEN_YEARS + 1, 1_000.5]) {
      expect(refused(v1.issueCredential.body, { ttlMs })).toEqual([['ttlMs', 'INVALID_PARAMS']]);
    }
  });

  it('may be rotated with a grace of up to a day', () => {
    for (const graceMs of [0, 86_400_000]) {
      expect(accepted(v1.rotateCredential.body, { graceMs })).toStrictEqual({ graceMs });
    }
    for (const graceMs of [-1, 86_400_001, '5']) {
      expect(refused(v1.rotateCredential.body, { graceMs })).toEqual([['graceMs', 'INVALID_PARAMS']]);
    }
  });

  it('give tokens for known scopes alone', () => {
    for (const scope of ['client', 'audit', 'admin']) {
      expect(accepted(v1.issueToken.body, { scope })).toStrictEqual({ scope });
    }
    expect(refused(v1.issueToken.body, { scope: 'root' })).toEqual([['scope', 'INVALID_PARAMS']]);
  });
});

describe('paths', () => {
  it('hold ids and names of bounded length', () => {
    expect(accepted(v1.sessionPath, { sessionId: 's'.repeat(128) }).sessionId).toHaveLength(128);
    for (const sessionId of ['', 's'.repeat(129)]) {
      expect(refused(v1.sessionPath, { sessionId })).toEqual([['sessionId', 'INVALID_PARAMS']]);
    }
    expect(accepted(v1.credentialPath, { name: 'alice' })).toStrictEqual({ name: 'alice' });
    expect(refused(v1.credentialPath, { name: '..' })[0]).toEqual(['name', 'INVALID_PARAMS']);
  });
});

describe('a batch', () => {
  const request = { method: 'GET', path: '/v1/feed' };
  const batch = (over: Record<string, unknown>) => ({ requests: [{ ...request, ...over }] });

  it('holds requests with any body, headers of bounded length, and paths of v1', () => {
    for (const body of [undefined, null, 0, '', 'exact bytes', [], { any: { thing: [1] } }]) {
      expect(accepted(v1.batch.body, batch({ body, headers: { accept: 'x' } })).requests[0]?.body).toBe(body);
    }
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
      expect(accepted(v1.batch.body, batch({ method })).requests[0]?.method).toBe(method);
    }
  });

  it.each([
    ['method', 'PUT', 'requests.0.method'],
    ['method', 'get', 'requests.0.method'],
    ['path', '/metrics', 'requests.0.path'],
    ['path', 'v1/feed', 'requests.0.path'],
    ['path', 'http://elsewhere/v1/feed', 'requests.0.path'],
    ['path', `/v1/${'p'.repeat(2_048)}`, 'requests.0.path'],
    ['headers', { a: 'v'.repeat(8_193) }, 'requests.0.headers.a'],
    ['headers', { a: 1 }, 'requests.0.headers.a'],
    ['url', '/v1/feed', 'requests.0'],
  ])('refuses %s: %j', (name, value, path) => {
    expect(refused(v1.batch.body, batch({ [name]: value }))).toEqual([[path, 'INVALID_PARAMS']]);
  });

  it('is not empty', () => {
    expect(refused(v1.batch.body, { requests: [] })).toEqual([['requests', 'INVALID_PARAMS']]);
  });
});

describe('every body and query', () => {
  const schemas = Object.entries(v1).flatMap(([name, parts]): (readonly [string, z.ZodType])[] => {
    if ('body' in parts) return [[`the body of ${name}`, parts.body]];
    return 'query' in parts ? [[`the query of ${name}`, parts.query]] : [];
  });

  it.each(schemas)('%s refuses members that it does not know, and what is no object', (_, schema) => {
    const problems = refused(schema, { surprise: 1 });
    expect(problems).toContainEqual(['', 'INVALID_PARAMS']);
    for (const value of [1, 'text', true, [], null]) expect(refused(schema, value)[0]?.[0]).toBe('');
  });
});
