import { createHash, createPublicKey, verify } from 'node:crypto';
import type { DomainEvent } from '@signalbox/domain';
import type { Decoded } from '@signalbox/event-sourcing';
import { systemChance } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anonymous,
  bearer,
  candidateOf,
  ed25519Caller,
  hmacCaller,
  type Issued,
  newKey,
  newTag,
  type Prepared,
  prepare,
  type Session,
  sdpOf,
  send,
  transmit,
  v1,
} from '../support/client.ts';
import { readLog } from '../support/log.ts';
import { canonical, edCaller, rpcSend } from '../support/rondevu.ts';
import { type Server, startServer } from '../support/server.ts';

const ADMIN = 'ad'.repeat(32);

const trace = () => `00-${hex(16)}-${hex(8)}-01`;
const hex = (bytes: number) => Buffer.from(systemChance.bytes(bytes)).toString('hex');
const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');

/** The text that RFC 9421 has the caller sign, put together from what was sent and nothing of the server's. */
const signedText = ({ method, url, headers }: Prepared): string => {
  const input = (headers['signature-input'] ?? '').replace(/^sig=/, '');
  const lines = [`"@method": ${method}`, `"@target-uri": ${url}`];
  if (headers['content-digest']) lines.push(`"content-digest": ${headers['content-digest']}`);
  return [...lines, `"@signature-params": ${input}`].join('\n');
};

const parameter = ({ headers }: Prepared, name: string): string =>
  new RegExp(`;${name}="?([^";]+)"?`).exec(headers['signature-input'] ?? '')?.[1] ?? '';

const signatureOf = ({ headers }: Prepared): string => /^sig=:(.*):$/.exec(headers.signature ?? '')?.[1] ?? '';

/** What each request was, told by its id. */
const ids = {
  issue: 'request-issue',
  publish: 'request-publish',
  answer: 'request-answer',
  trickle: 'request-trickle',
  withdraw: 'request-withdraw',
  rondevu: 'request-rondevu',
  revoke: 'request-revoke',
  inBatch: 'request-in-a-batch',
  ofBatch: 'request-of-a-batch',
};

let server: Server;
let events: readonly Decoded<DomainEvent>[];
const key = newKey();
const traces = { publish: trace(), answer: trace() };
let sent: { publish: Prepared; answer: Prepared };
let call: ReturnType<ReturnType<typeof edCaller>['signed']>;
let issued: Issued;
let brief: string;
let unnamed: string | undefined;

beforeAll(async () => {
  server = await startServer({ env: { SIGNALBOX_ADMIN_KEYS: ADMIN, SIGNALBOX_OFFER_MIN_TTL_MS: '1' } });
  const named = (id: string) => ({ 'x-request-id': id });
  const issuing = { method: 'POST', path: '/v1/credentials', headers: named(ids.issue) };
  issued = (await send<Issued>(server, anonymous, issuing)).body;
  const [alice, bob, carol] = [ed25519Caller(key), hmacCaller(issued.name, issued.secret), edCaller(newKey())];
  const byToken = bearer(issued.name, issued.token);

  const publish = prepare(server, alice, {
    ...{ method: 'POST', path: '/v1/sessions', body: { tags: [newTag()], offers: [{ sdp: sdpOf('offer') }] } },
    headers: { ...named(ids.publish), traceparent: traces.publish },
  });
  const published = await transmit<{ sessions: Session[] }>(server, publish);
  const id = published.body.sessions[0]?.sessionId ?? '';
  const answer = prepare(server, bob, {
    ...{ method: 'POST', path: `/v1/sessions/${id}/answer`, body: { sdp: sdpOf('answer') } },
    headers: { ...named(ids.answer), traceparent: traces.answer },
  });
  expect((await transmit(server, answer)).status).toBe(201);
  sent = { publish, answer };
  const client = v1(server, byToken);
  expect((await client.trickle(id, [candidateOf('bob', 1)], named(ids.trickle))).status).toBeLessThan(300);
  expect((await v1(server, alice).withdraw(id, named(ids.withdraw))).status).toBeLessThan(300);

  call = carol.signed('publishOffer', { tags: ['traced'], offers: [{ sdp: sdpOf('rondevu') }], ttl: 300_000 });
  const answered = await rpcSend(server, { ...call, headers: { ...call.headers, ...named(ids.rondevu) } });
  expect(answered.results[0]).toMatchObject({ success: true });

  const inner = { method: 'POST', path: '/v1/sessions', headers: { ...named(ids.inBatch) } };
  const body = { tags: [newTag()], offers: [{ sdp: sdpOf('batch') }] };
  const requests = [{ ...inner, headers: { ...inner.headers, ...byToken.headersFor(noRequest) }, body }];
  const batch = { method: 'POST', path: '/v1/batch', headers: named(ids.ofBatch), body: { requests } };
  expect((await send(server, anonymous, batch)).status).toBe(200);

  unnamed = (await client.publish({ tags: [newTag()], offers: [{ sdp: sdpOf('unnamed') }] })).headers['x-request-id'];
  const short = await client.publish({ tags: [newTag()], ttlMs: 50, offers: [{ sdp: sdpOf('brief') }] });
  brief = short.body.sessions[0]?.sessionId ?? '';
  await until('the brief offer has ended', async () =>
    (await client.feed()).body.items.some(({ type, sessionId }) => type === 'expired' && sessionId === brief),
  );
  const admin = bearer('admin', ADMIN);
  const path = `/v1/credentials/${issued.name}`;
  expect((await send(server, admin, { method: 'DELETE', path, headers: named(ids.revoke) })).status).toBeLessThan(300);

  expect((await server.stop()).code).toBe(0);
  events = await readLog(server.dataDir);
});
afterAll(() => server[Symbol.asyncDispose]());

const noRequest = { method: '', url: '', body: null };

/** The one event that a request led to. */
const eventOf = (correlationId: string) => {
  const found = events.filter(({ metadata }) => metadata.correlationId === correlationId);
  expect(found, correlationId).toHaveLength(1);
  const [{ event, metadata }] = found as [Decoded<DomainEvent>];
  return { type: event.type, metadata };
};

describe('an event in the log remembers', () => {
  it('the signed request that caused it, so that anyone can check it later with the key alone', () => {
    const { type, metadata } = eventOf(ids.publish);
    expect(type).toBe('OfferPublished');
    const text = signedText(sent.publish);
    expect(metadata).toStrictEqual({
      ...{ actor: key.identity, correlationId: ids.publish, causationId: ids.publish, trace: traces.publish },
      authorisation: {
        ...{ scheme: 'http-signature', key: key.identity, algorithm: 'ed25519' },
        ...{ nonce: parameter(sent.publish, 'nonce'), timestamp: Number(parameter(sent.publish, 'created')) * 1_000 },
        ...{ signature: signatureOf(sent.publish), signedTextHash: sha256(text) },
      },
    });
    const { signature, key: recordedKey } = metadata.authorisation ?? {};
    const spki = Buffer.from(`302a300506032b6570032100${recordedKey}`, 'hex');
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    expect(verify(null, Buffer.from(text), publicKey, Buffer.from(signature ?? '', 'base64'))).toBe(true);
  });

  it('the same for a secret that two share', () => {
    const { type, metadata } = eventOf(ids.answer);
    expect(type).toBe('OfferAnswered');
    expect(metadata).toStrictEqual({
      ...{ actor: issued.name, correlationId: ids.answer, causationId: ids.answer, trace: traces.answer },
      authorisation: {
        ...{ scheme: 'http-signature', key: issued.name, algorithm: 'hmac-sha256' },
        ...{ nonce: parameter(sent.answer, 'nonce'), timestamp: Number(parameter(sent.answer, 'created')) * 1_000 },
        ...{ signature: signatureOf(sent.answer), signedTextHash: sha256(signedText(sent.answer)) },
      },
    });
  });

  it('a request without a body, which is signed without a digest', () => {
    const { type, metadata } = eventOf(ids.withdraw);
    expect(type).toBe('SessionWithdrawn');
    expect(metadata).toMatchObject({ actor: key.identity, trace: null, authorisation: { scheme: 'http-signature' } });
    expect(metadata.authorisation?.signedTextHash).toMatch(/^[\w-]{43}$/);
  });

  it('the token that was shown, by its id', () => {
    const [, payload = ''] = issued.token.split('.');
    const { jti, iat } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string; iat: number };
    const { type, metadata } = eventOf(ids.trickle);
    expect(type).toBe('CandidatesAdded');
    expect(jti).toMatch(/^[\w-]{10,}$/);
    expect(metadata).toStrictEqual({
      ...{ actor: issued.name, correlationId: ids.trickle, causationId: ids.trickle, trace: null },
      authorisation: {
        ...{ scheme: 'token', key: issued.name, algorithm: null, nonce: jti, timestamp: iat * 1_000 },
        ...{ signature: null, signedTextHash: null },
      },
    });
  });

  it('a call of Rondevu’s, with the text that was signed', () => {
    const { type, metadata } = eventOf(ids.rondevu);
    const [{ method, params, auth }] = call.items as [(typeof call.items)[0]];
    const { publicKey, timestamp, nonce, signature } = auth as Record<string, string>;
    expect(type).toBe('OfferPublished');
    expect(metadata).toStrictEqual({
      ...{ actor: publicKey, correlationId: ids.rondevu, causationId: `${ids.rondevu}/0`, trace: null },
      authorisation: {
        ...{ scheme: 'rondevu', key: publicKey, algorithm: 'ed25519', nonce, timestamp, signature },
        signedTextHash: sha256(`${timestamp}:${nonce}:${method}:${canonical(params)}`),
      },
    });
  });

  it('whoever ran the server, by the name of the key and not by the key', () => {
    const { type, metadata } = eventOf(ids.revoke);
    expect(type).toBe('CredentialRevoked');
    expect(metadata.actor).toMatch(/^admin:[\w-]+$/);
    expect(metadata.authorisation).toMatchObject({ scheme: 'admin', key: metadata.actor, signature: null });
    expect(JSON.stringify(events)).not.toContain(ADMIN);
  });

  it('that nobody said who it was', () => {
    const { type, metadata } = eventOf(ids.issue);
    expect(type).toBe('CredentialIssued');
    expect([metadata.actor, metadata.authorisation?.key ?? null]).toEqual(['anonymous', null]);
  });

  it('that nobody asked, where time alone ended something', () => {
    const ends = events.filter(({ event }) => event.type === 'SessionExpired');
    expect(ends.map(({ stream }) => stream)).toEqual([`session-${brief}`]);
    const { dueAt } = ends[0]?.event.type === 'SessionExpired' ? ends[0].event.data : { dueAt: 0 };
    const cause = `due-session-${brief}-${dueAt}`;
    expect(ends[0]?.metadata).toStrictEqual({
      ...{ actor: 'system:scheduler', correlationId: cause, causationId: cause, trace: null },
      authorisation: {
        ...{ scheme: 'internal', key: null, algorithm: null, nonce: null, timestamp: null, signature: null },
        signedTextHash: null,
      },
    });
  });

  it('the request of a batch that caused it, not the batch', () => {
    expect(eventOf(ids.inBatch).metadata).toMatchObject({ actor: issued.name, authorisation: { scheme: 'token' } });
    expect(events.filter(({ metadata }) => metadata.correlationId === ids.ofBatch)).toEqual([]);
  });

  it('the id that the server gave to a request that had none, and told', () => {
    expect(unnamed).toMatch(/^[0-9a-f-]{36}$/);
    expect(eventOf(unnamed ?? '').type).toBe('OfferPublished');
  });
});

it('a request id that is not fit to be kept is replaced', async () => {
  await using fresh = await startServer();
  for (const given of ['with.dots', '192.0.2.7', 'a b', 'x'.repeat(65), '{"json":1}', '\u00fc']) {
    const headers = { 'x-request-id': given };
    const answer = await send(fresh, anonymous, { method: 'GET', path: '/live', headers });
    expect(answer.headers['x-request-id'], given).toMatch(/^[0-9a-f-]{36}$/);
  }
});
