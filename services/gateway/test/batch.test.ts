import type { App } from '@signalbox/http';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRig, type Seen } from './rig.ts';

let app: App;
let seen: readonly Seen[];
beforeEach(async () => {
  ({ app, seen } = await createRig());
});

type Item = Readonly<Record<string, unknown>>;
const probe = (over: Item = {}): Item => ({ method: 'POST', path: '/v1/probe/x', ...over });
const post = (requests: readonly Item[], headers: Readonly<Record<string, string>> = {}) =>
  app.inject({ method: 'POST', url: '/v1/batch', payload: { requests }, headers });

const list = (length: number) => Array.from({ length }, () => ({}));

/** So many operations, in requests that are nothing but probes. */
const within = (operations: number): readonly Item[] =>
  operations === 0 ? [] : [probe({ body: { offers: list(operations) } })];

describe('the operations of a batch', () => {
  // The limit is 20. Each row says what a request counts; one with just as much room left must pass, one more must not.
  it.each([
    ['no body', probe(), 1],
    ['a GET', probe({ method: 'GET' }), 1],
    ['an object without lists', probe({ body: { sdp: 'v=0' } }), 1],
    ['an empty list', probe({ body: { offers: [] } }), 1],
    ['each offer', probe({ body: { offers: list(7) } }), 7],
    ['each candidate', probe({ body: { candidates: list(7) } }), 7],
    ['the longer of two lists', probe({ body: { offers: list(3), candidates: list(7) } }), 7],
    ['the lists in a body that was signed as text', probe({ body: JSON.stringify({ offers: list(7) }) }), 7],
    ['a text that is no JSON', probe({ body: '{"offers":[{},{}' }), 1],
    ['a list that is none', probe({ body: { offers: { length: 1_000 } } }), 1],
    ['a body that is a list itself', probe({ body: list(7) }), 1],
    ['null', probe({ body: null }), 1],
    ['lists further in', probe({ body: { body: { offers: list(7) } } }), 1],
  ])('count %s', async (_, item, operations) => {
    const full = await post([item, ...within(20 - operations)]);
    expect(full.statusCode).toBe(200);
    const [ran] = [seen.length];
    const over = await post([item, ...within(20 - operations + 1)]);
    expect([over.statusCode, over.json().code]).toEqual([413, 'BATCH_TOO_LARGE']);
    expect(seen.length, 'nothing of it was run').toBe(ran);
  });

  it('are counted beside the requests, of which there may be only so many', async () => {
    expect((await post(Array.from({ length: 5 }, () => probe()))).statusCode).toBe(200);
    expect(seen).toHaveLength(5);
    const over = await post(Array.from({ length: 6 }, () => probe()));
    expect([over.statusCode, over.json().code]).toEqual([413, 'BATCH_TOO_LARGE']);
    expect(seen).toHaveLength(5);
  });
});

describe('a request of a batch', () => {
  it('is run with its own method, path, headers and exact bytes, in its turn', async () => {
    const text = '{ "a" : 1.0 }';
    const answer = await post([
      probe({ method: 'PATCH', path: '/v1/probe/a?b=c%20d', body: text, headers: { 'X-Own': 'yes' } }),
      probe({ method: 'DELETE', path: '/v1/probe/b' }),
      probe({ method: 'POST', path: '/v1/probe/c', body: { a: [1] } }),
    ]);
    expect(answer.json()).toMatchObject({
      responses: [1, 2, 3].map((number) => ({ status: 200, body: { seen: number } })),
    });
    expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['PATCH', '/v1/probe/a?b=c%20d', text],
      ['DELETE', '/v1/probe/b', null],
      ['POST', '/v1/probe/c', '{"a":[1]}'],
    ]);
    expect(seen[0]?.headers).toMatchObject({ 'x-own': 'yes', 'content-type': 'application/json' });
    expect(seen[1]?.headers).not.toHaveProperty('x-own');
  });

  it('inherits nothing but where the batch came from', async () => {
    const outer = { authorization: 'Bearer outer', cookie: 'a=b', 'x-request-id': 'outer', host: 'outer.example' };
    const forged = { host: 'inner.example', 'X-Forwarded-Host': 'inner.example', 'x-forwarded-for': '192.0.2.9' };
    await post([probe({ headers: { ...forged, forwarded: 'for=192.0.2.9', 'x-forwarded-proto': 'https' } })], outer);
    expect(seen[0]?.headers.host).toBe('outer.example');
    for (const name of ['authorization', 'cookie', 'x-forwarded-host', 'x-forwarded-for', 'forwarded']) {
      expect(seen[0]?.headers, name).not.toHaveProperty(name);
    }
    expect(seen[0]?.headers['x-request-id']).not.toBe('outer');
    expect(seen[0]?.clientAddress).toBe('127.0.0.1');
  });

  it('that fails stops none of the others, and is told like any other', async () => {
    const answer = await post([
      ...['fault', 'nothing', 'x'].map((what) => probe({ path: `/v1/probe/${what}` })),
      probe({ path: '/v1/none' }),
    ]);
    const { responses } = answer.json();
    expect(responses.map(({ status }: { status: number }) => status)).toEqual([500, 204, 200, 404]);
    expect(responses[0].body).toMatchObject({ code: 'INTERNAL_ERROR', traceId: expect.any(String) });
    expect(JSON.stringify(responses[0])).not.toContain('a fault of the test');
    expect(responses[1]).not.toHaveProperty('body');
    expect(responses[3].body.code).toBe('NOT_FOUND');
  });
});
