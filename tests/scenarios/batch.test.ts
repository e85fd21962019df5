import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  type Caller,
  candidateOf,
  ed25519Caller,
  hmacCaller,
  issueCredential,
  newTag,
  newTokenCaller,
  type Problem,
  prepare,
  type Request,
  sdpOf,
  send,
  v1,
} from '../support/client.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

type Responses = {
  readonly responses: readonly {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  }[];
};

const batch = (requests: unknown, by: Caller = anonymous) =>
  send<Responses>(server, by, { method: 'POST', path: '/v1/batch', body: { requests } });

/** One request of a batch, signed as it would be alone: over its own bytes. */
const item = (by: Caller, request: Request) => {
  const { method, headers, body } = prepare(server, by, request);
  return { method, path: request.path, headers, ...(body && { body: body.toString('utf8') }) };
};

const publish = (tag: string, count = 1): Request => ({
  method: 'POST',
  path: '/v1/sessions',
  body: { tags: [tag], offers: Array.from({ length: count }, () => ({ sdp: sdpOf('batch') })) },
});

describe('a batch', () => {
  it('runs many requests in order, each with its own caller and its own result', async () => {
    const { name, secret, token } = await issueCredential(server);
    const [alice, bob, carol] = [hmacCaller(name, secret), ed25519Caller(), await newTokenCaller(server)];
    const tag = newTag();
    const answer = await batch([
      item(alice, publish(tag)),
      { method: 'POST', path: '/v1/sessions', headers: { authorization: `Bearer ${token}` }, body: publish(tag).body },
      item(bob, { method: 'GET', path: `/v1/sessions?tag=${tag}` }),
      item(carol, publish(tag)),
      { method: 'GET', path: `/v1/tags?tag=${tag}&unique=true` },
      { method: 'GET', path: '/v1/feed' },
      { method: 'GET', path: '/v1/nothing-here' },
      { method: 'POST', path: '/v1/sessions', headers: { authorization: `Bearer ${token}` }, body: { tags: [] } },
    ]);
    expect(answer.status).toBe(200);
    const { responses } = answer.body;
    expect(responses.map(({ status }) => status)).toEqual([201, 201, 200, 201, 200, 401, 404, 400]);
    expect(responses[2]?.body).toMatchObject({ sessions: [{ tags: [tag] }, { tags: [tag] }] });
    expect(responses[4]?.body).toEqual({ counts: { [tag]: 2 } });
    expect(responses[5]?.body).toMatchObject({ code: 'AUTH_REQUIRED', traceId: expect.any(String) });
    expect(responses[0]?.headers['signalbox-consistency']).toEqual(expect.any(String));
  });

  it('hands no authentication of its own down to its requests', async () => {
    const caller = await newTokenCaller(server);
    const answer = await batch([{ method: 'GET', path: '/v1/feed' }], caller);
    expect(answer.body.responses.map(({ status }) => status)).toEqual([401]);
  });

  it('lets no request of it speak for another address or host', async () => {
    const tag = newTag();
    const by = ed25519Caller();
    const signed = item(by, publish(tag));
    const answer = await batch([
      { ...signed, headers: { ...signed.headers, host: 'elsewhere.example', 'x-forwarded-host': 'elsewhere.example' } },
    ]);
    expect(answer.body.responses.map(({ status }) => status)).toEqual([201]);
  });

  it('refuses another batch inside it, and runs nothing then', async () => {
    const tag = newTag();
    const by = await newTokenCaller(server);
    const ways = ['/v1/batch', '/v1/batch?x=1', '/v1/../v1/batch', '/v1/%62atch', '/v1/./batch', '/v1/%2e%2e/v1/batch'];
    for (const path of ways) {
      const nested = { method: 'POST', path, body: { requests: [item(by, publish(tag))] } };
      const refused = await batch([item(by, publish(tag)), nested]);
      const { code, errors = [] } = refused.body as unknown as Problem;
      expect([refused.status, code], path).toEqual([400, 'INVALID_PARAMS']);
      expect(errors.map((error) => error.path)).toEqual(['body.requests[1].path']);
    }
    expect((await v1(server, anonymous).get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 0 } });
  });

  it('holds requests of v1 only, wherever a path leads', async () => {
    for (const path of ['/v1/../metrics', '/v1/../rpc', '/v1/%2e%2e/metrics', '/v1/..', '/v1\\..\\metrics']) {
      const refused = await batch([{ method: 'GET', path }]);
      expect([refused.status, (refused.body as unknown as Problem).code], path).toEqual([400, 'INVALID_PARAMS']);
    }
  });

  it.each([
    ['101 requests', (by: Caller, tag: string) => Array.from({ length: 101 }, () => item(by, publish(tag)))],
    ['1,001 offers', (by: Caller, tag: string) => Array.from({ length: 11 }, () => item(by, publish(tag, 91)))],
    [
      '1,001 candidates beside an offer',
      (by: Caller, tag: string) => [
        item(by, publish(tag)),
        ...Array.from({ length: 10 }, () =>
          item(by, {
            method: 'POST',
            path: '/v1/sessions/x/candidates',
            body: { candidates: Array.from({ length: 100 }, (_, n) => candidateOf('x', n)) },
          }),
        ),
      ],
    ],
  ])('refuses %s before any of it runs', async (_, requestsFor) => {
    const tag = newTag();
    const by = await newTokenCaller(server);
    const refused = await batch(requestsFor(by, tag));
    expect(refused.status).toBe(413);
    expect((refused.body as unknown as Problem).code).toBe('BATCH_TOO_LARGE');
    expect((await v1(server, anonymous).get(`/v1/tags?tag=${tag}`)).body).toEqual({ counts: { [tag]: 0 } });
  });

  it('refuses what is not a list of requests, and names the place', async () => {
    const refused = await batch([{ method: 'TRACE', path: '/metrics' }]);
    expect(refused.status).toBe(400);
    const { code, errors = [] } = refused.body as unknown as Problem;
    expect(code).toBe('INVALID_PARAMS');
    expect(errors.map(({ path }) => path).toSorted()).toEqual(['body.requests[0].method', 'body.requests[0].path']);
  });
});
