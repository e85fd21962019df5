import { until } from '@signalbox/testing';
import { expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  candidateOf,
  ed25519Caller,
  hmacCaller,
  issueCredential,
  newKey,
  prepare,
  sdpOf,
  send,
  transmit,
  v1,
} from '../support/client.ts';
import { edCaller, htCaller, newCredential, rpcSend } from '../support/rondevu.ts';
import { type Server, startServer } from '../support/server.ts';

/** What M3 asks for, by name. */
const NAMES = [
  ...['http_request_duration_seconds', 'append_duration_seconds', 'auth_failures_total', 'rate_limited_total'],
  ...['projection_lag_events', 'scheduler_lateness_seconds', 'scheduler_pending', 'open_offers', 'live_sessions'],
  ...['connections', 'queue_depth', 'swept_total', 'breaker_open', 'event_loop_delay_seconds', 'heap_used_bytes'],
];

const metricsOf = async (server: Server) => (await send(server, anonymous, { method: 'GET', path: '/metrics' })).text;

/** The sum of a metric over its series that have these labels. */
const totalOf = (metrics: string, name: string, labels = ''): number =>
  metrics
    .split('\n')
    .filter((line) => new RegExp(`^signalbox_${name}(?:_count)?(?:\\{| )`).test(line) && line.includes(labels))
    .reduce((sum, line) => sum + Number(/(\S+)$/.exec(line.replace(/ \d{13}$/, ''))?.[1] ?? Number.NaN), 0);

it('the metrics say how the server is doing, and hold nothing that is anybody’s', async () => {
  await using server = await startServer({
    env: {
      SIGNALBOX_RATE_LIMITS: 'on',
      SIGNALBOX_RATE_LIMIT_CREDENTIALS: '4',
      SIGNALBOX_OFFER_MIN_TTL_MS: '1',
      SIGNALBOX_SWEEP_INTERVAL_MS: '200',
      SIGNALBOX_ENDED_RETENTION_MS: '0',
    },
  });
  const planted = new Map<string, string>();
  const plant = (what: string, text: string): string => {
    planted.set(text, what);
    return text;
  };

  const { name, secret, token } = await issueCredential(server);
  plant('the name of a credential', name);
  plant('a secret', secret);
  plant('a token', token);
  const second = await newCredential(server);
  plant('the name of a Rondevu credential', second.name);
  plant('the secret of a Rondevu credential', second.secret);
  const [alice, bob] = [hmacCaller(name, secret), bearer(name, token)];
  const [key, stranger] = [newKey(), newKey()];
  plant('a public key', key.identity);
  plant('another public key', stranger.identity);
  plant('a tag', 'planted-tag');
  plant('the name of a service', 'planted-service');
  plant('an offer', 'planted-in-an-offer');
  plant('an answer', 'planted-in-an-answer');
  plant('the address in an SDP', '192.0.2.77');
  plant('the address in a candidate', '198.51.100.7');
  plant('a candidate', 'ufrag planted');
  plant('a forwarded address', '203.0.113.99');
  plant('the address of a client', '127.0.0.1');

  const publish = prepare(server, alice, {
    ...{ method: 'POST', path: '/v1/sessions' },
    body: {
      ...{ tags: ['planted-tag'], service: 'planted-service@1.0.0', ttlMs: 600_000 },
      offers: [{ sdp: sdpOf('planted-in-an-offer') }],
    },
    headers: {
      ...{ 'x-forwarded-for': '203.0.113.99', 'idempotency-key': plant('an idempotency key', 'planted-key') },
      ...{ 'x-request-id': plant('a request id', 'planted-request'), 'user-agent': plant('a client', 'planted-agent') },
    },
  });
  plant('a signature', /:([^:]+):/.exec(publish.headers.signature ?? '')?.[1] ?? '');
  plant('a nonce', /nonce="([^"]+)"/.exec(publish.headers['signature-input'] ?? '')?.[1] ?? '');
  const published = await transmit<{ sessions: { sessionId: string }[] }>(server, publish);
  expect(published.status).toBe(201);
  const id = plant('a session', published.body.sessions[0]?.sessionId ?? '');

  const byKey = edCaller(key);
  const answer = byKey.signed('answerOffer', { offerId: id, sdp: sdpOf('planted-in-an-answer') });
  expect((await rpcSend(server, answer)).results[0]).toMatchObject({ success: true });
  await rpcSend(server, answer); // a replay
  await rpcSend(server, byKey.signed('addIceCandidates', { offerId: id, candidates: [candidateOf('planted', 1)] }));
  await v1(server, alice).trickle(id, [candidateOf('planted', 2)]);
  await rpcSend(server, htCaller(second).signed('poll', {}));
  await v1(server, bob).feed();
  await v1(server, alice).get(`/v1/sessions/${id}`);
  await v1(server, alice).get(`/v1/sessions/${id}/candidates`);
  await v1(server, anonymous).get('/v1/sessions?tag=planted-tag&service=planted-service');
  expect((await v1(server, ed25519Caller(stranger)).withdraw(id)).status).toBe(403);
  expect((await transmit(server, publish)).status, 'a replay').toBe(401);
  const wrong = bearer('x', plant('a wrong token', 'planted.wrong.token'));
  expect((await v1(server, wrong).feed()).status).toBe(401);
  await send(server, anonymous, { method: 'GET', path: `/${plant('a path', 'planted-path')}?q=planted-query` });
  await send(server, anonymous, { method: 'GET', path: `/v1/sessions/${plant('no session', 'planted-nothing')}` });
  await send(server, bob, { method: 'POST', path: '/v1/sessions', bytes: Buffer.from('{"planted-garbage') });
  plant('a query', 'planted-query');
  plant('garbage', 'planted-garbage');
  const issue = () => send(server, anonymous, { method: 'POST', path: '/v1/credentials' });
  await until('a limit is reached', async () => (await issue()).status === 429);
  await v1(server, alice).publish({ tags: ['planted-tag'], ttlMs: 20, offers: [{ sdp: sdpOf('brief') }] });
  await v1(server, alice).publish({ tags: ['planted-tag'], ttlMs: 600_000, offers: [{ sdp: sdpOf('open') }] });

  let metrics = '';
  await until('the end of the brief offer is measured, and swept', async () => {
    metrics = await metricsOf(server);
    return totalOf(metrics, 'scheduler_lateness_seconds') >= 1 && totalOf(metrics, 'swept_total') >= 1;
  });

  for (const one of NAMES) expect(metrics, one).toMatch(new RegExp(`^signalbox_${one}(?:_bucket|_count)?[{ ]`, 'm'));
  const atLeast = (least: number, one: string, labels = '') =>
    expect(totalOf(metrics, one, labels), `${one} ${labels}`).toBeGreaterThanOrEqual(least);
  atLeast(2, 'http_request_duration_seconds', 'route="/v1/sessions"');
  atLeast(1, 'http_request_duration_seconds', 'route="/v1/sessions/:sessionId/candidates"');
  atLeast(1, 'http_request_duration_seconds', 'status="403"');
  atLeast(5, 'append_duration_seconds', 'outcome="appended"');
  atLeast(1, 'auth_failures_total', 'reason="replayed"');
  atLeast(1, 'auth_failures_total', 'reason="bad_token"');
  atLeast(1, 'rate_limited_total', 'limit="credentials');
  atLeast(1, 'scheduler_lateness_seconds', 'kind="session"');
  atLeast(1, 'connections');
  atLeast(1_000_000, 'heap_used_bytes');
  atLeast(1, 'live_sessions');
  expect(totalOf(metrics, 'open_offers')).toBe(1);
  expect(totalOf(metrics, 'breaker_open')).toBe(0);

  for (const [text, what] of planted) {
    expect(text.length, what).toBeGreaterThan(3);
    const line = metrics.split('\n').find((each) => each.includes(text));
    expect(line, what).toBeUndefined();
  }
  const routes = new Set([...metrics.matchAll(/route="([^"]*)"/g)].map(([, route]) => route));
  for (const route of routes) expect(route).toMatch(/^(?:\/[\w.:*/-]*|unmatched|unroutable)$/);
});
