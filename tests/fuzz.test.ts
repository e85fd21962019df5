import { randomInt } from 'node:crypto';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  type Caller,
  ed25519Caller,
  hmacCaller,
  issueCredential,
  newKey,
  newTag,
  publishOne,
  send,
  v1,
} from './support/client.ts';
import { hostileBytes, hostileText, hostileValue, nearly } from './support/hostile.ts';
import { readLog } from './support/log.ts';
import {
  bodyOrderCaller,
  edCaller,
  hfCaller,
  htCaller,
  newCredential,
  type RondevuCaller,
  rpcPost,
} from './support/rondevu.ts';
import { type Server, startServer } from './support/server.ts';
import { CODES, expectUp, expectWellMeant, INSIDE, type Told } from './support/well-meant.ts';

/** The same inputs each time, and some that nobody has tried yet; the seed of these is in the name of the test. */
const SEED = 20_260_101;
const SEEDS = [SEED, randomInt(2 ** 31)];

const env = {
  SIGNALBOX_LONG_POLL_MAX_MS: '20',
  SIGNALBOX_MAX_SESSIONS_PER_IDENTITY: '1000000',
  SIGNALBOX_MAX_CREDENTIALS: '1000000',
  SIGNALBOX_LOG_LEVEL: 'fatal',
};

type Operation = {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: object }>> };
};
type Route = { readonly method: string; readonly path: string; readonly operation: Operation };

const routesOf = async (server: Server): Promise<readonly Route[]> => {
  const { body } = await send<{ paths: Record<string, Record<string, Operation>> }>(server, anonymous, {
    ...{ method: 'GET', path: '/openapi.json' },
  });
  return Object.entries(body.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
};

const HEADERS = [
  ...['idempotency-key', 'signalbox-consistency', 'traceparent', 'x-request-id', 'prefer', 'accept', 'origin', 'range'],
  ...[
    'content-type',
    'authorization',
    'signature',
    'signature-input',
    'content-digest',
    'x-forwarded-for',
    'last-event-id',
  ],
];

/** What a header may hold on the wire; the rest of the bytes are sent by hand, below. */
const headerText = fc
  .oneof(
    hostileText,
    fc.constantFrom(
      ...['wait=99999', 'wait="5', 'application/xml', 'application/json; charset=utf-7', 'text/plain', 'Bearer x.y.z'],
      ...['Basic YTpi', 'sig=("@method");created=1', 'sig=:AA==:', 'sha-256=:AAAA:', '00-0-0-0', 'a'.repeat(8_000)],
    ),
  )
  .map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').trim());

const hostileHeaders = fc.dictionary(fc.constantFrom(...HEADERS), headerText, { maxKeys: 3, noNullPrototype: true });

const queryFor = ({ operation }: Route): fc.Arbitrary<string> => {
  const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
  const pairs = declared.map(({ name, schema = {} }) => {
    const some = nearly(schema).map((value) =>
      (Array.isArray(value) ? value : [value]).map((one) => [name, text(one)]),
    );
    return /^(tag|service)$/.test(name) ? some : fc.oneof(fc.constant([]), some);
  });
  const extra = fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: hostileText.map((t) => [[t, t]]) },
  );
  return fc.tuple(...pairs, extra).map((all) => new URLSearchParams(all.flat() as string[][]).toString());
};

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 2_000);

/** As on the wire: escapes where they must be, and now and then where they must not. */
const segment = (value: string): string => encodeURIComponent(value.toWellFormed()).slice(0, 600);

const bodyFor = ({ operation }: Route): fc.Arbitrary<Buffer | null> => {
  const schema = operation.requestBody?.content['application/json']?.schema;
  return fc.oneof(
    { weight: 6, arbitrary: nearly(schema ?? {}).map((value) => Buffer.from(JSON.stringify(value))) },
    { weight: 2, arbitrary: hostileBytes },
    { weight: 1, arbitrary: fc.constant(null) },
  );
};

type Attempt = {
  readonly path: string;
  readonly body: Buffer | null;
  readonly caller: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunked: boolean;
};

const attemptsAt = (route: Route, known: readonly string[], callers: number): fc.Arbitrary<Attempt> => {
  const parameter = fc.oneof(
    fc.constantFrom(...known),
    hostileText.map(segment),
    fc.constantFrom('..', '.', '%2e%2e', '%ff'),
  );
  const path = fc.tuple(fc.infiniteStream(parameter), queryFor(route)).map(([names, query]) => {
    const filled = route.path.replace(/\{\w+\}/g, () => names.next().value || 'x');
    return query === '' ? filled : `${filled}?${query}`;
  });
  return fc.record({
    path,
    body: route.method === 'GET' ? fc.constant(null) : bodyFor(route),
    caller: fc.integer({ min: 0, max: callers - 1 }),
    headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: hostileHeaders }),
    chunked: fc.boolean(),
  });
};

/** A server may close on a body that it has refused already; what it said before can be lost on the way then. */
const CUT_OFF = /ECONNRESET|EPIPE|UND_ERR_SOCKET/;

const bodyStream = (body: Buffer): Readable =>
  Readable.from(body.length === 0 ? [] : [body.subarray(0, 7), body.subarray(7)]).on('error', () => undefined);

/** Null when the connection was cut off before the answer had come. */
const attempt = async (server: Server, route: Route, by: Caller, tried: Attempt): Promise<Told | null> => {
  const { path, body, headers, chunked } = tried;
  const url = server.url + path;
  const all = {
    ...(body && { 'content-type': 'application/json' }),
    ...by.headersFor({ method: route.method, url: new URL(url).href, body }),
    ...headers,
  };
  try {
    const answer = await request(url, {
      ...{ method: route.method as 'POST', headers: all, dispatcher: server.dispatcher },
      body: body !== null && chunked ? bodyStream(body) : body,
    });
    return {
      status: answer.statusCode,
      text: await answer.body.text(),
      contentType: String(answer.headers['content-type'] ?? ''),
    };
  } catch (error) {
    if (CUT_OFF.test((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
};

const heapOf = async (server: Server): Promise<number> => {
  const { text: metrics } = await send<string>(server, anonymous, { method: 'GET', path: '/metrics' });
  return Number(/^signalbox_heap_used_bytes(?:\{[^}]*\})? ([\d.e+]+)/m.exec(metrics)?.[1]);
};

let server: Server;
let routes: readonly Route[];
let callers: readonly Caller[];
let known: readonly string[];
beforeAll(async () => {
  server = await startServer({ env });
  routes = await routesOf(server);
  const { name, secret, token } = await issueCredential(server);
  const mortal = await issueCredential(server);
  callers = [
    ...[anonymous, bearer('x', `${token}x`), bearer(name, token), bearer(name, token), hmacCaller(name, secret)],
    ...[ed25519Caller(), ed25519Caller(), bearer(mortal.name, mortal.token)],
  ];
  const id = await publishOne(v1(server, callers[2]!), newTag());
  await v1(server, callers[5]!).answer(id, { sdp: 'v=0' });
  // Of the credentials only one that may go: the others are to last until the end.
  known = [id, await publishOne(v1(server, callers[2]!), newTag()), mortal.name];
});
afterAll(() => server[Symbol.asyncDispose]());

const tally = (counts: Map<number | null, number>, status: number | null) =>
  counts.set(status, (counts.get(status) ?? 0) + 1);

describe.each(SEEDS)('generated requests, from the seed %i', (seed) => {
  it('meet a refusal or an answer on every route of /openapi.json, and nothing of the inside', async () => {
    expect(routes.length).toBeGreaterThan(15);
    const statuses = new Map<number | null, number>();
    for (const route of routes.filter(({ path }) => path !== '/rpc')) {
      await fc.assert(
        fc.asyncProperty(attemptsAt(route, known, callers.length), async (tried) => {
          const told = await attempt(server, route, callers[tried.caller]!, tried);
          tally(statuses, told?.status ?? null);
          if (told === null) return;
          if (told.contentType.startsWith('text/html') && told.status < 400) return; // a path that leads to a page
          expectWellMeant(told, `${route.method} ${tried.path}`);
        }),
        { seed, numRuns: route.path.startsWith('/v1/') ? 120 : 30, endOnFailure: true },
      );
    }
    // Enough of them must get far enough to be answered, and nearly all must be heard out.
    expect(statuses.get(200), JSON.stringify([...statuses])).toBeGreaterThan(30);
    expect(statuses.get(201)).toBeGreaterThan(20);
    expect(statuses.get(null) ?? 0).toBeLessThan(20);
    await expectUp(server);
  });

  it('meet a result of their own for each call of /rpc, in every dialect', async () => {
    const tags = fc.oneof(fc.constant(['chat']), hostileValue);
    const some = {
      offerId: fc.oneof(fc.constantFrom(...known), hostileText),
      sdp: fc.oneof(fc.constant('v=0'), hostileValue),
    };
    const members = {
      ...some,
      ...{ tags, matchedTags: tags, since: hostileValue, limit: hostileValue, offset: hostileValue, ttl: hostileValue },
      ...{ unique: hostileValue, name: hostileValue, expiresAt: hostileValue },
      serviceFqn: fc.oneof(fc.constantFrom('chat:1.0.0', `chat:1.0.0@${known[2]}`), hostileValue),
      offers: fc.oneof(
        fc.array(fc.record({ sdp: fc.oneof(fc.constant('v=0'), hostileValue) }), { maxLength: 3 }),
        hostileValue,
      ),
      candidates: fc.oneof(fc.array(hostileValue, { maxLength: 3 }), hostileValue),
    };
    const params = fc.oneof(
      { weight: 5, arbitrary: fc.record(members, { requiredKeys: [] }) },
      { weight: 1, arbitrary: hostileValue },
    );
    const method = fc.oneof(
      {
        weight: 9,
        arbitrary: fc.constantFrom(
          ...[
            'publishOffer',
            'discover',
            'answerOffer',
            'getOfferAnswer',
            'addIceCandidates',
            'getIceCandidates',
            'poll',
          ],
          ...['deleteOffer', 'countOffersByTags', 'updateOfferTags', 'generateCredentials', 'getOffer'],
        ),
      },
      { weight: 1, arbitrary: fc.oneof(hostileText, fc.constantFrom('toString', 'hasOwnProperty', 'then')) },
    );
    const credential = await newCredential(server);
    const speakers: readonly RondevuCaller[] = [
      ...[edCaller(newKey()), htCaller(credential), bodyOrderCaller(credential), hfCaller(credential)],
    ];
    const call = fc.record({ method, params, speaker: fc.integer({ min: -1, max: 3 }), auth: hostileValue });
    await fc.assert(
      fc.asyncProperty(call, async ({ method: name, params: sent, speaker, auth }) => {
        const by = speakers[speaker];
        // What is signed is what arrives: a value as it is after a journey as JSON.
        const wired = JSON.parse(JSON.stringify(sent)) as Readonly<Record<string, unknown>>;
        const post = by?.signed(name, wired) ?? { items: [{ method: name, params: wired, auth }], headers: {} };
        const { status, results } = await rpcPost(server, [...post.items, { method: 'discover' }], post.headers);
        expectResults(status, results, 2, `${name} ${JSON.stringify(wired)?.slice(0, 300)}`);
      }),
      { seed, numRuns: 700, endOnFailure: true },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          hostileBytes,
          hostileValue.map((v) => Buffer.from(JSON.stringify(v))),
        ),
        async (body) => {
          const { status, results } = await rpcPost(server, body);
          expectResults(status, results, null, body.toString('latin1').slice(0, 100));
        },
      ),
      { seed, numRuns: 200, endOnFailure: true },
    );
    await expectUp(server);
  });
});

/** Nested deeper than can be signed is, by the protocol, an error of the server; nothing else is. */
const TOO_DEEP = /nested too deep to be signed/;

const expectResults = (
  status: number,
  results: readonly { success: boolean; error?: string; errorCode?: string }[],
  count: number | null,
  what: string,
) => {
  expect([200, 400, 413], what).toContain(status);
  if (count !== null) expect(results, what).toHaveLength(count);
  for (const { success, error = '', errorCode = '' } of results) {
    if (success) continue;
    expect(CODES.has(errorCode), `${what}: ${errorCode}`).toBe(true);
    if (errorCode === 'INTERNAL_ERROR') expect(error, what).toMatch(TOO_DEEP);
    expect(INSIDE.exec(error)?.[0], `${what} tells of the inside`).toBeUndefined();
  }
};

it('a heap does not grow with what was refused', async () => {
  const route = routes.find(({ method, path }) => method === 'POST' && path === '/v1/sessions')!;
  const hammer = async (times: number) => {
    for (let i = 0; i < times; i += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, n) => {
          const body = Buffer.from(JSON.stringify({ tags: [`T${i + n}`], offers: [{ sdp: 'x'.repeat(5_000) }] }));
          const headers = { authorization: `Bearer ${'a'.repeat(30)}.${i}.${n}`, 'x-request-id': `r-${i}-${n}` };
          return attempt(server, route, anonymous, {
            path: `/v1/sessions?n=${i}`,
            body,
            caller: 0,
            headers,
            chunked: false,
          });
        }),
      );
    }
  };
  await hammer(2_000);
  const before = await heapOf(server);
  await hammer(8_000);
  const after = await heapOf(server);
  // 8,000 bodies of 5 kB are 40 MB: kept, they would show. What the collector has not got to yet may show too.
  expect(after - before, `${before} → ${after} bytes`).toBeLessThan(60_000_000);
  expect(after).toBeGreaterThan(0);
});

it('what is not authenticated writes nothing, whatever it sends', async () => {
  await using quiet = await startServer({ env });
  const forged = [anonymous, bearer('x', 'a.b.c'), bearer('x', '0'.repeat(64))];
  // The one thing that anyone may have made is a credential.
  const closed = (await routesOf(quiet)).filter(({ path }) => path !== '/v1/credentials' && path !== '/rpc');
  for (const route of closed) {
    await fc.assert(
      fc.asyncProperty(attemptsAt(route, ['x'], forged.length), async (tried) => {
        const told = await attempt(quiet, route, forged[tried.caller]!, tried);
        expect(told?.status ?? 0).toBeLessThan(500);
      }),
      { seed: SEED, numRuns: 25, endOnFailure: true },
    );
  }
  const byNobody = edCaller(newKey()).signed('publishOffer', { tags: ['a'], offers: [{ sdp: 'v=0' }] }).items[0]!;
  const tampered = { ...byNobody, params: { tags: ['b'], offers: [{ sdp: 'v=0' }] } };
  const { results } = await rpcPost(quiet, [tampered, { method: 'publishOffer', params: tampered.params }]);
  expect(results.map((result) => !result.success && result.errorCode)).toEqual([
    'INVALID_CREDENTIALS',
    'AUTH_REQUIRED',
  ]);
  expect((await quiet.stop()).code).toBe(0);
  // Beside what the server says of itself.
  const written = (await readLog(quiet.dataDir)).filter(({ stream }) => !stream.startsWith('operations-'));
  expect(written).toEqual([]);
});
