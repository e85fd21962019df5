import { once } from 'node:events';
import { connect } from 'node:net';
import { catalogue, type ErrorCode } from '@signalbox/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  anonymous,
  type Caller,
  ed25519Caller,
  hmacCaller,
  issueCredential,
  newTokenCaller,
  type Problem,
  type Request,
  send,
  thisSecond,
  v1,
} from '../support/client.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
let caller: Caller;
beforeAll(async () => {
  server = await startServer({ env: { SIGNALBOX_MAX_BODY_BYTES: '200000' } });
  caller = await newTokenCaller(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** What every problem has, whatever it is about. */
const expectProblem = ({ status, headers, body }: Answer, code: ErrorCode, paths?: readonly string[]) => {
  const problem = body as Problem;
  expect(problem).toMatchObject({
    ...{ code, status: catalogue[code].status, title: catalogue[code].title, type: `/problems/${code}` },
    ...{ detail: expect.any(String), traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
  });
  expect(status).toBe(catalogue[code].status);
  expect(headers['content-type']).toMatch(/^application\/problem\+json(;|$)/);
  expect(headers['x-request-id']).toEqual(expect.any(String));
  if (paths) expect(problem.errors?.map(({ path }) => path).toSorted()).toEqual(paths.toSorted());
};

const publish = (body: unknown): Request => ({ method: 'POST', path: '/v1/sessions', body });
const offers = [{ sdp: 'v=0' }];

describe('bad input', () => {
  const cases: readonly (readonly [string, Request, ErrorCode, readonly string[]])[] = [
    ['an offer without SDP', publish({ tags: ['a'], offers: [{}] }), 'INVALID_PARAMS', ['body.offers[0].sdp']],
    ['a blank SDP', publish({ tags: ['a'], offers: [{ sdp: ' \n' }] }), 'INVALID_SDP', ['body.offers[0].sdp']],
    [
      'an SDP that is a number',
      publish({ tags: ['a'], offers: [{ sdp: 1 }] }),
      'INVALID_PARAMS',
      ['body.offers[0].sdp'],
    ],
    ['no offers', publish({ tags: ['a'], offers: [] }), 'MISSING_PARAMS', ['body.offers']],
    ['neither tag nor service', publish({ offers }), 'INVALID_TAG', ['body.tags']],
    ['a tag in capitals', publish({ tags: ['ok', 'Bad'], offers }), 'INVALID_TAG', ['body.tags[1]']],
    ['a tag twice', publish({ tags: ['a', 'a'], offers }), 'INVALID_TAG', ['body.tags']],
    ['a member that is not known', publish({ tags: ['a'], offers, more: 1 }), 'INVALID_PARAMS', ['body']],
    ['a ttl that is a text', publish({ tags: ['a'], offers, ttlMs: '60' }), 'INVALID_PARAMS', ['body.ttlMs']],
    ['an array for a body', publish([]), 'INVALID_PARAMS', ['body']],
    ['no tag to discover', { method: 'GET', path: '/v1/sessions' }, 'INVALID_TAG', ['query.tag']],
    ['a limit of 0', { method: 'GET', path: '/v1/sessions?tag=a&limit=0' }, 'INVALID_PARAMS', ['query.limit']],
    ['a query that is not known', { method: 'GET', path: '/v1/tags?tag=a&x=1' }, 'INVALID_PARAMS', ['query']],
  ];

  it.each(cases)('%s is named by its place', async (_, request, code, paths) => {
    const answer = await send(server, caller, request);
    expectProblem(answer, code, paths);
  });

  it.each([
    ['no JSON', '{"tags":', 'INVALID_PARAMS'],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'INVALID_PARAMS'],
    ['a null byte in a text', '{"tags":["a"],"offers":[{"sdp":"v=0\\u0000"}]}', 'INVALID_PARAMS'],
    ['a key named __proto__', '{"tags":["a"],"offers":[{"sdp":"v=0"}],"__proto__":{"x":1}}', 'INVALID_PARAMS'],
  ])('a body that is %s', async (_, body, code) => {
    const answer = await send(server, caller, { method: 'POST', path: '/v1/sessions', bytes: Buffer.from(body) });
    expectProblem(answer, code as ErrorCode);
    expect((answer.body as Problem).errors?.[0]?.path).toMatch(/^body/);
  });

  it('a cursor of another server, of another path, or made up', async () => {
    const { body } = await v1(server, caller).feed();
    for (const path of ['/v1/feed?cursor=made-up', `/v1/sessions?tag=a&cursor=${body.cursor}`]) {
      expectProblem(await send(server, caller, { method: 'GET', path }), 'INVALID_CURSOR');
    }
  });

  it('what is too large, of another type, at no path, or by a method that is not there', async () => {
    const sdp = 'x'.repeat(65_537);
    const large = await send(server, caller, publish({ tags: ['a'], offers: [{ sdp }] }));
    expectProblem(large, 'SDP_TOO_LARGE', ['body.offers[0].sdp']);
    const bytes = Buffer.alloc(200_001, 0x20);
    expectProblem(await send(server, caller, { method: 'POST', path: '/v1/sessions', bytes }), 'BODY_TOO_LARGE');
    const xml = {
      method: 'POST',
      path: '/v1/sessions',
      bytes: Buffer.from('<a/>'),
      headers: { 'content-type': 'text/xml' },
    };
    expectProblem(await send(server, caller, xml), 'UNSUPPORTED_MEDIA_TYPE');
    expectProblem(await send(server, caller, { method: 'GET', path: '/v2/anything' }), 'NOT_FOUND');
    expectProblem(await send(server, caller, { method: 'PUT', path: '/v1/sessions', body: {} }), 'METHOD_NOT_ALLOWED');
    expectProblem(await send(server, caller, { method: 'GET', path: '/v1/sessions/%00' }), 'INVALID_PARAMS', ['path']);
  });

  it('a path that cannot be decoded, and what is not HTTP', async () => {
    const answer = await send(server, caller, { method: 'GET', path: '/v1/sessions/%E0%A4%A' });
    expectProblem(answer, 'INVALID_PARAMS', ['path']);
    const socket = connect(server.port, '127.0.0.1');
    socket.end('BREW /pot HTCPCP/1.0\r\n\r\n');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('"code":"INVALID_PARAMS"');
  });

  it('each problem has its page', async () => {
    const list = await send(server, anonymous, { method: 'GET', path: '/problems' });
    expect(list.headers['content-type']).toMatch(/^text\/html/);
    for (const code of Object.keys(catalogue)) {
      const page = await send(server, anonymous, { method: 'GET', path: `/problems/${code}` });
      expect(page.status).toBe(200);
      expect(page.text).toContain(code);
      expect(list.text).toContain(`/problems/${code}`);
    }
  });
});

describe('failed authentication is 401, whatever the reason', () => {
  it.each([
    ['nothing', {}, 'AUTH_REQUIRED'],
    ['an unknown scheme', { authorization: 'Basic YTpi' }, 'INVALID_CREDENTIALS'],
    ['a token that is none', { authorization: 'Bearer abc.def.ghi' }, 'INVALID_CREDENTIALS'],
    ['a key that is none', { authorization: `Bearer ${'0'.repeat(64)}` }, 'INVALID_CREDENTIALS'],
    ['a signature without its input', { signature: 'sig=:AAAA:' }, 'INVALID_CREDENTIALS'],
    ['a signature of nonsense', { signature: 'x', 'signature-input': 'y' }, 'INVALID_CREDENTIALS'],
  ])('%s', async (_, headers, code) => {
    const answer = await send(server, anonymous, { method: 'GET', path: '/v1/feed', headers });
    expectProblem(answer, code as ErrorCode);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="signalbox"/);
  });

  it('a signature that is too old, too far ahead, over another body, by another key, or beside a token', async () => {
    const { name, secret, token } = await issueCredential(server);
    for (const by of [ed25519Caller(), hmacCaller(name, secret)]) {
      const get = { method: 'GET', path: '/v1/feed' };
      expect((await send(server, by, get)).status).toBe(200);
      const now = thisSecond();
      expectProblem(await send(server, by, { ...get, created: now - 63 }), 'INVALID_CREDENTIALS');
      expectProblem(await send(server, by, { ...get, created: now + 63 }), 'INVALID_CREDENTIALS');
      const other = by.headersFor({ method: 'POST', url: `${server.url}/v1/sessions`, body: Buffer.from('{}') });
      const swapped = { ...publish({ tags: ['a'], offers }), headers: { ...other } };
      expectProblem(await send(server, anonymous, swapped), 'INVALID_CREDENTIALS');
      const elsewhere = by.headersFor({ method: 'GET', url: `${server.url}/v1/tags`, body: null });
      expectProblem(await send(server, anonymous, { ...get, headers: elsewhere }), 'INVALID_CREDENTIALS');
      const both = { ...get, headers: { authorization: `Bearer ${token}` } };
      expectProblem(await send(server, by, both), 'INVALID_CREDENTIALS');
    }
    const byAnotherSecret = hmacCaller(name, '11'.repeat(32));
    expectProblem(await send(server, byAnotherSecret, { method: 'GET', path: '/v1/feed' }), 'INVALID_CREDENTIALS');
  });

  it('a request that was sent before', async () => {
    const by = ed25519Caller();
    const headers = by.headersFor({ method: 'GET', url: `${server.url}/v1/feed`, body: null });
    const replay = { method: 'GET', path: '/v1/feed', headers };
    expect((await send(server, anonymous, replay)).status).toBe(200);
    expectProblem(await send(server, anonymous, replay), 'INVALID_CREDENTIALS');
  });

  it('bad credentials also where none are needed', async () => {
    const headers = { authorization: 'Bearer abc.def.ghi' };
    const answer = await send(server, anonymous, { method: 'GET', path: '/v1/sessions?tag=a', headers });
    expectProblem(answer, 'INVALID_CREDENTIALS');
  });
});

describe('tracing', () => {
  it('honours traceparent and the id of a request, and makes its own where they are malformed', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-request-id': 'my-request_1' };
    const answer = await send<Problem>(server, anonymous, { method: 'GET', path: '/nothing', headers });
    expect(answer.body.traceId).toBe(trace);
    expect(answer.headers['x-request-id']).toBe('my-request_1');
    const malformed = { traceparent: '00-zz', 'x-request-id': 'a b\tc' };
    const other = await send<Problem>(server, anonymous, { method: 'GET', path: '/nothing', headers: malformed });
    expect(other.body.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(other.headers['x-request-id']).not.toContain(' ');
  });
});
