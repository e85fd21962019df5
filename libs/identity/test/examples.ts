import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import {
  ed25519Verifier,
  type NonceStore,
  nonceGuard,
  type SecretLookup,
  type SignedRequest,
  signHttpRequest,
  verifyHttpSignature,
} from '../src/index.ts';

/** 2023-11-14T22:13:20Z, a whole second. */
export const t0 = 1_700_000_000_000;

export const bytesFrom = (first: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => first + i);

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

export const ed25519Key = (seed: Uint8Array): { readonly privateKey: KeyObject; readonly publicKeyHex: string } => {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, publicKeyHex: spki.toString('hex', spki.length - 32) };
};

export const key = ed25519Key(bytesFrom(0));
export const name = 'silver-signal-0123456789abcdef';
export const secret = bytesFrom(32);
export const uri = 'https://signalbox.example/v1/sessions';
export const body = Buffer.from('{"tags":["chat"],"offers":[{"sdp":"v=0"}]}');

/** A signed request, by default a POST with a body that the key's holder signed at `t0`. */
export const signedRequest = (
  over: Partial<Parameters<typeof signHttpRequest>[0]> & { readonly headers?: SignedRequest['headers'] } = {},
): SignedRequest => {
  const { headers, ...signing } = over;
  const parts = {
    method: 'POST',
    url: uri,
    body,
    keyid: key.publicKeyHex,
    key: key.privateKey,
    created: t0 / 1000,
    nonce: 'b3k50bc9',
    ...signing,
  };
  const { method, url: targetUri } = parts;
  return { method, targetUri, body: parts.body, headers: { ...headers, ...signHttpRequest(parts) } };
};

/** A test double: nobody has a secret but those given here. */
export const secretsOf = (secrets: Readonly<Record<string, readonly Uint8Array[]>>): SecretLookup => ({
  secretsOf: async (asked) => secrets[asked] ?? [],
});

export interface CrashableNonceStore extends NonceStore {
  /** Loses what a `kill -9` loses: every nonce that was not claimed durably. */
  crash(): void;
  readonly claims: readonly {
    readonly key: string;
    readonly nonce: string;
    readonly expiresAt: number;
    readonly durable: boolean;
  }[];
}

/** A test double that keeps the port's promises and no more: it forgets what a sweep or a crash lets it forget. */
export const crashableNonceStore = (): CrashableNonceStore => {
  let held = new Map<string, { readonly expiresAt: number; readonly durable: boolean }>();
  const claims: { key: string; nonce: string; expiresAt: number; durable: boolean }[] = [];
  const keep = (which: (entry: { readonly expiresAt: number; readonly durable: boolean }) => boolean) => {
    const before = held.size;
    held = new Map([...held].filter(([, entry]) => which(entry)));
    return before - held.size;
  };
  return {
    claims,
    claim: async (claimer, nonce, { expiresAt, durable }) => {
      const id = JSON.stringify([claimer, nonce]);
      if (held.has(id)) return false;
      held.set(id, { expiresAt, durable });
      claims.push({ key: claimer, nonce, expiresAt, durable });
      return true;
    },
    sweep: async (now) => keep((entry) => entry.expiresAt >= now),
    crash: () => void keep((entry) => entry.durable),
  };
};

const ed25519 = ed25519Verifier({ cacheSize: 10 });

/** A server that knows one credential, in its grace period: it has two secrets. */
export const server = (now: () => number = () => t0, refuseSignedBefore = 0) => {
  const guard = nonceGuard({ store: crashableNonceStore(), now, windowMs: 60_000, refuseSignedBefore });
  const secrets = secretsOf({ [name]: [bytesFrom(99), secret] });
  return (request: SignedRequest) => verifyHttpSignature(request, { guard, secrets, ed25519, now });
};

export const withHeaders = (request: SignedRequest, headers: SignedRequest['headers']): SignedRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
});
