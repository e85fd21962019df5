import { createHmac, sign } from 'node:crypto';
import { systemChance, systemClock } from '@signalbox/runtime';
import { request } from 'undici';
import { type KeyIdentity, whatIsKnown } from './client.ts';
import type { Target } from './server.ts';

/** Rondevu's clients, written from the protocol's text: nothing here is shared with the server. */

export type RpcItem = { readonly method: string; readonly params?: unknown; readonly auth?: unknown };
export type RpcResult =
  | { readonly success: true; readonly result: Readonly<Record<string, unknown>> }
  | { readonly success: false; readonly error: string; readonly errorCode: string };

export type RpcPost = { readonly items: readonly RpcItem[]; readonly headers: Readonly<Record<string, string>> };

/** No whitespace, members by UTF-16 code units, everything else as `JSON.stringify` has it. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
};

export type Dialect = 'ED' | 'HT' | 'HMAC in body order' | 'HF';

export type RondevuCaller = {
  readonly dialect: Dialect;
  readonly identity: string;
  /** One signed call. `timestamp` is in epoch milliseconds: the client's clock. */
  readonly signed: (method: string, params: Readonly<Record<string, unknown>>, timestamp?: number) => RpcPost;
};

const text = (timestamp: number, nonce: string, method: string, params: string) =>
  Buffer.from(`${timestamp}:${nonce}:${method}:${params}`, 'utf8');

/** The current dialect: a key, and its proof in the body beside each call. */
export const edCaller = ({ identity, privateKey }: KeyIdentity, written = canonical): RondevuCaller => ({
  dialect: 'ED',
  identity,
  signed: (method, params, timestamp = systemClock.now()) => {
    const nonce = systemChance.uuid();
    const signature = sign(null, text(timestamp, nonce, method, written(params)), privateKey).toString('base64');
    return { items: [{ method, params, auth: { publicKey: identity, timestamp, nonce, signature } }], headers: {} };
  },
});

type Credential = { readonly name: string; readonly secret: string };

const hmacCaller = (dialect: Dialect, written: (params: unknown) => string, { name, secret }: Credential) => ({
  dialect,
  identity: name,
  signed: (method: string, params: Readonly<Record<string, unknown>>, timestamp = systemClock.now()): RpcPost => {
    const nonce = systemChance.uuid();
    const key = Buffer.from(secret, 'hex');
    const signature = createHmac('sha256', key)
      .update(text(timestamp, nonce, method, written(params)))
      .digest('base64');
    return {
      items: [{ method, params }],
      headers: { 'x-name': name, 'x-timestamp': String(timestamp), 'x-nonce': nonce, 'x-signature': signature },
    };
  },
});

/** Credentials and tags; the proof is in headers. */
export const htCaller = (credential: Credential): RondevuCaller => hmacCaller('HT', canonical, credential);

/** The same, by clients that sign their params as they stand in the body. */
export const bodyOrderCaller = (credential: Credential): RondevuCaller =>
  hmacCaller('HMAC in body order', (params) => JSON.stringify(params), credential);

/** Credentials and names of services. */
export const hfCaller = (credential: Credential): RondevuCaller =>
  hmacCaller('HF', (params) => JSON.stringify(params), credential);

export type RpcAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly results: readonly RpcResult[];
};

/** One POST. Its body may be any text, for those who want to send something else than calls. */
export const rpcPost = async (
  target: Target,
  body: string | Buffer | readonly RpcItem[],
  headers: Readonly<Record<string, string>> = {},
): Promise<RpcAnswer> => {
  const answer = await request(`${target.url}/rpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...whatIsKnown(target), ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    dispatcher: target.dispatcher,
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    results: JSON.parse(await answer.body.text()) as readonly RpcResult[],
  };
};

export const rpcSend = (target: Target, { items, headers }: RpcPost): Promise<RpcAnswer> =>
  rpcPost(target, items, headers);

/** One signed call and its result. */
export const rpc = async (
  target: Target,
  by: RondevuCaller,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<RpcResult> => {
  const { status, results } = await rpcSend(target, by.signed(method, params));
  if (status !== 200 || results[0] === undefined) throw new Error(`/rpc answered ${status} ${JSON.stringify(results)}`);
  return results[0];
};

/** The result of a call that has to succeed. */
export const rpcResult = async (
  target: Target,
  by: RondevuCaller,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<Readonly<Record<string, unknown>>> => {
  const answer = await rpc(target, by, method, params);
  if (!answer.success) throw new Error(`${method}: ${answer.errorCode} ${answer.error}`);
  return answer.result;
};

/** A call that needs no proof. */
export const rpcOpen = async (
  target: Target,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<RpcResult> => {
  const { results } = await rpcPost(target, [{ method, params }], headers);
  if (results[0] === undefined) throw new Error(`${method} had no answer.`);
  return results[0];
};

export const newCredential = async (target: Target): Promise<Credential> => {
  const answer = await rpcOpen(target, 'generateCredentials');
  if (!answer.success) throw new Error(`No credential: ${answer.errorCode}`);
  return { name: String(answer.result.name), secret: String(answer.result.secret) };
};
