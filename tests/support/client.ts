import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { consistencyToken, parseConsistencyToken } from '@signalbox/http';
import { signHttpRequest } from '@signalbox/identity';
import { systemChance, systemClock } from '@signalbox/runtime';
import { request } from 'undici';
import type { Target } from './server.ts';

/** What a client sends to say who it is. `created` is in seconds since the epoch. */
export type Caller = {
  readonly identity: string;
  readonly headersFor: (
    request: { readonly method: string; readonly url: string; readonly body: Buffer | null },
    created?: number,
  ) => Readonly<Record<string, string>>;
};

export const anonymous: Caller = { identity: 'anonymous', headersFor: () => ({}) };

export const bearer = (identity: string, token: string): Caller => ({
  identity,
  headersFor: () => ({ authorization: `Bearer ${token}` }),
});

/**
 * The second that is not over yet, so that a server that was started within it takes the signature: what is signed in
 * whole seconds counts from their beginning (ADR-0004).
 */
export const thisSecond = () => Math.ceil(systemClock.now() / 1_000);

const signer = (identity: string, key: KeyObject | Uint8Array): Caller => ({
  identity,
  headersFor: ({ method, url, body }, created = thisSecond()) => ({
    ...signHttpRequest({ method, url, body, keyid: identity, key, created, nonce: systemChance.uuid() }),
  }),
});

export type KeyIdentity = { readonly identity: string; readonly privateKey: KeyObject };

/** An Ed25519 key pair; the identity is the public key in hex. */
export const newKey = (): KeyIdentity => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  return { identity: Buffer.from(x, 'base64url').toString('hex'), privateKey };
};

export const ed25519Caller = ({ identity, privateKey }: KeyIdentity = newKey()): Caller => signer(identity, privateKey);

export const hmacCaller = (name: string, secret: string): Caller => signer(name, Buffer.from(secret, 'hex'));

export type Answer<T = unknown> = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The JSON, or the text where it is none. */
  readonly body: T;
  readonly text: string;
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly traceId: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  readonly retryAfterMs?: number;
  readonly winner?: { readonly answerer: string; readonly answeredAt: number };
  readonly ended?: { readonly how: string; readonly endedAt: number };
};

export type Request = {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Instead of `body`: what is sent as it is. */
  readonly bytes?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly created?: number;
};

/** A request with the proof of who sends it, ready to be sent; sending it twice is a replay. */
/**
 * What the clients of a server know to have been written, those of one test being friends who tell each other: every
 * query asks to see at least that, as a client does that wants to read its own writes.
 */
const known = new Map<string, Map<string, number>>();
const AT_MOST = 30;

const remember = (target: Target, token: unknown) => {
  const consistency = typeof token === 'string' ? parseConsistencyToken(token) : undefined;
  if (!consistency) return;
  const writes = known.get(target.url) ?? new Map<string, number>();
  known.set(target.url, writes);
  for (const { stream, revision } of consistency.writes) {
    writes.delete(stream);
    writes.set(stream, revision);
  }
  for (const stream of [...writes.keys()].slice(0, -AT_MOST)) writes.delete(stream);
};

export const whatIsKnown = (target: Target): Readonly<Record<string, string>> => {
  const writes = [...(known.get(target.url) ?? [])].map(([stream, revision]) => ({ stream, revision }));
  if (writes.length === 0) return {};
  return { 'signalbox-consistency': consistencyToken({ writes, writtenAt: systemClock.now() }) };
};

export const prepare = (target: Target, by: Caller, { method, path, body, bytes, headers, created }: Request) => {
  const sent = bytes ?? (body === undefined ? null : Buffer.from(JSON.stringify(body)));
  const url = target.url + path;
  const all: Readonly<Record<string, string>> = {
    ...(sent && { 'content-type': 'application/json' }),
    ...(method === 'GET' && whatIsKnown(target)),
    ...by.headersFor({ method, url, body: sent }, created),
    ...headers,
  };
  return { method, url, body: sent, headers: all };
};

export type Prepared = ReturnType<typeof prepare>;

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const transmit = async <T = unknown>(target: Target, prepared: Prepared): Promise<Answer<T>> => {
  const { method, url, headers, body } = prepared;
  const answer = await request(url, { method, headers, body, dispatcher: target.dispatcher });
  const text = await answer.body.text();
  const flat = Object.entries(answer.headers).map(([name, value]) => [name, value && String(value)]);
  remember(target, answer.headers['signalbox-consistency']);
  return { status: answer.statusCode, headers: Object.fromEntries(flat), body: parsed(text) as T, text };
};

export const send = <T = unknown>(target: Target, by: Caller, what: Request): Promise<Answer<T>> =>
  transmit<T>(target, prepare(target, by, what));

export type Issued = {
  readonly name: string;
  readonly secret: string;
  readonly expiresAt: number;
  readonly token: string;
  readonly tokenExpiresAt: number;
};

/** A new credential; throws when there is none to be had. */
export const issueCredential = async (target: Target, body?: unknown): Promise<Issued> => {
  const answer = await send<Issued>(target, anonymous, { method: 'POST', path: '/v1/credentials', body });
  if (answer.status !== 201) throw new Error(`No credential: ${answer.status} ${answer.text}`);
  return answer.body;
};

export const newTokenCaller = async (target: Target): Promise<Caller> => {
  const { name, token } = await issueCredential(target);
  return bearer(name, token);
};

/** A token for a key, by a signed request: cheaper to use many times than a signature. */
export const tokenFor = async (target: Target, by: Caller): Promise<Caller> => {
  const answer = await send<{ token: string }>(target, by, { method: 'POST', path: '/v1/tokens', body: {} });
  if (answer.status !== 201) throw new Error(`No token: ${answer.status} ${answer.text}`);
  return bearer(by.identity, answer.body.token);
};

export type Session = { readonly sessionId: string; readonly createdAt: number; readonly expiresAt: number };
export type Offer = Session & {
  readonly publisher: string;
  readonly tags: readonly string[];
  readonly service?: string;
  readonly sdp: string;
};
export type Page = { readonly sessions: readonly Offer[]; readonly cursor: string | null };
export type FeedItem = {
  readonly cursor: string;
  readonly at: number;
  readonly type: 'answered' | 'candidates' | 'withdrawn' | 'expired';
  readonly sessionId: string;
  readonly answerer?: string;
  readonly sdp?: string;
  readonly from?: string;
  readonly role?: string;
  readonly candidates?: readonly unknown[];
  readonly reason?: string;
  readonly was?: string;
};
export type Feed = { readonly items: readonly FeedItem[]; readonly cursor: string; readonly recovered: boolean };
export type Candidates = {
  readonly candidates: readonly { readonly candidate: unknown; readonly createdAt: number }[];
  readonly cursor: string;
};

type Headers = Readonly<Record<string, string>>;

/** HTTP v1 as one caller: each call is one request, answered with whatever the server said. */
export const v1 = (target: Target, by: Caller) => ({
  publish: (body: unknown, headers?: Headers) =>
    send<{ readonly sessions: readonly Session[] }>(target, by, {
      method: 'POST',
      path: '/v1/sessions',
      body,
      ...(headers && { headers }),
    }),
  answer: (id: string, body: unknown, headers?: Headers) =>
    send<{ readonly sessionId: string; readonly answeredAt: number; readonly expiresAt: number }>(target, by, {
      method: 'POST',
      path: `/v1/sessions/${id}/answer`,
      body,
      ...(headers && { headers }),
    }),
  trickle: (id: string, candidates: readonly unknown[], headers?: Headers) =>
    send<{ readonly count: number }>(target, by, {
      method: 'POST',
      path: `/v1/sessions/${id}/candidates`,
      body: { candidates },
      ...(headers && { headers }),
    }),
  withdraw: (id: string, headers?: Headers) =>
    send(target, by, { method: 'DELETE', path: `/v1/sessions/${id}`, ...(headers && { headers }) }),
  retag: (id: string, tags: readonly string[]) =>
    send(target, by, { method: 'PATCH', path: `/v1/sessions/${id}`, body: { tags } }),
  get: <T = unknown>(path: string, headers?: Headers) =>
    send<T>(target, by, { method: 'GET', path, ...(headers && { headers }) }),
  feed: (cursor: string | null = null, waitSeconds = 0) =>
    send<Feed>(target, by, {
      method: 'GET',
      path: `/v1/feed${cursor === null ? '' : `?cursor=${cursor}`}`,
      headers: waitSeconds > 0 ? { prefer: `wait=${waitSeconds}` } : {},
    }),
});

export type V1Client = ReturnType<typeof v1>;

/** One offer under one tag; throws unless it is published. */
export const publishOne = async (client: V1Client, tag: string, sdp = sdpOf('offer')): Promise<string> => {
  const answer = await client.publish({ tags: [tag], offers: [{ sdp }] });
  const id = answer.body.sessions?.[0]?.sessionId;
  if (answer.status !== 201 || id === undefined) throw new Error(`Not published: ${answer.status} ${answer.text}`);
  return id;
};

/** A description that is like no other, so that it can be found again wherever it goes. */
export const sdpOf = (what: string): string =>
  `v=0\r\no=- ${systemChance.uuid()} 1 IN IP4 192.0.2.77\r\ns=${what}\r\nt=0 0\r\na=setup:actpass\r\n`;

export const candidateOf = (who: string, number: number) => ({
  candidate: `candidate:${number} 1 UDP 2122252543 198.51.100.7 ${50_000 + (number % 10_000)} typ host ufrag ${who}`,
  sdpMid: '0',
  sdpMLineIndex: 0,
});

/** A tag that no other test has. */
export const newTag = (): string => `t-${systemChance.uuid()}`;
