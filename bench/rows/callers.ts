import { createHmac, generateKeyPairSync, hash, sign } from 'node:crypto';
import { systemChance, systemClock } from '@signalbox/runtime';
import type { Connections, Prepared } from '../driver/load.ts';

/** Who sends a request: knows the headers that prove it. Names and values in turn. */
export type Caller = (method: string, url: string, body: Buffer | null) => readonly string[];

/** One that proves nothing. */
export const anyone: Caller = () => [];

const JSON_TYPE = ['content-type', 'application/json'] as const;

/** A request to `origin`, proved by its caller now. */
export const prepare = (
  caller: Caller,
  origin: string,
  method: Prepared['method'],
  path: string,
  content: unknown,
  status: number,
): Prepared => {
  const body = content === undefined ? null : Buffer.from(JSON.stringify(content));
  const proof = caller(method, origin + path, body);
  return { method, path, headers: body === null ? proof : [...JSON_TYPE, ...proof], body, status };
};

const signingCaller =
  (keyid: string, algorithm: string, signText: (text: Buffer) => Buffer): Caller =>
  (method, url, body) => {
    const digest = body === null ? null : `sha-256=:${hash('sha256', body, 'base64')}:`;
    const covered = `"@method" "@target-uri"${digest === null ? '' : ' "content-digest"'}`;
    const created = Math.floor(systemClock.now() / 1_000);
    const input = `(${covered});created=${created};nonce="${systemChance.uuid()}";keyid="${keyid}";alg="${algorithm}"`;
    const digestLine = digest === null ? '' : `"content-digest": ${digest}\n`;
    const text = `"@method": ${method}\n"@target-uri": ${url}\n${digestLine}"@signature-params": ${input}`;
    const headers = [
      'signature-input',
      `sig=${input}`,
      'signature',
      `sig=:${signText(Buffer.from(text)).toString('base64')}:`,
    ];
    return digest === null ? headers : [...headers, 'content-digest', digest];
  };

/** An Ed25519 key; no server knows of it beforehand. */
export type Key = { readonly id: string; readonly sign: (text: Buffer) => Buffer };

export const newKey = (): Key => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { id: raw.toString('hex'), sign: (text) => sign(null, text, privateKey) };
};

/** Signs each request by RFC 9421 with its key. */
export const keyCaller = ({ id, sign: signText }: Key): Caller => signingCaller(id, 'ed25519', signText);

type Issued = { readonly name: string; readonly secret: string; readonly token: string };

/** A credential that the server has just issued. */
export const issueCredential = async (connections: Connections, origin: string): Promise<Issued> => {
  const answer = await connections.send(prepare(anyone, origin, 'POST', '/v1/credentials', undefined, 201));
  return JSON.parse(answer.toString('utf8')) as Issued;
};

/** Signs each request by RFC 9421 with the secret of its credential. */
export const secretCaller = ({ name, secret }: Issued): Caller => {
  const key = Buffer.from(secret, 'hex');
  return signingCaller(name, 'hmac-sha256', (text) => createHmac('sha256', key).update(text).digest());
};

/** Sends the token of its credential. */
export const tokenCaller = ({ token }: Issued): Caller => {
  const headers = ['authorization', `Bearer ${token}`];
  return () => headers;
};

/** One item of a call of `/rpc`, signed as Rondevu's clients sign. Members of `params` must be in alphabetical order. */
export const rpcItem = (key: Key, method: string, params: object): object => {
  const timestamp = systemClock.now();
  const nonce = systemChance.uuid();
  const text = `${timestamp}:${nonce}:${method}:${JSON.stringify(params)}`;
  const signature = key.sign(Buffer.from(text)).toString('base64');
  return { method, params, auth: { publicKey: key.id, timestamp, nonce, signature } };
};
