/**
 * The bare minimum: what any server would do for the same requests, with the least code. It parses the same bodies,
 * verifies the same signatures (Ed25519 on the thread pool, keys cached), and answers in the same shape. It stores
 * nothing, checks no nonce and no limit, validates no field and writes no log. What the real server costs beyond this
 * is the price of what it does.
 */
import { createHmac, createPublicKey, hash, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { systemChance, systemClock } from '@signalbox/runtime';
import { type FastifyRequest, fastify } from 'fastify';
import { candidate, sdp } from './rows/payloads.ts';

const app = fastify({ bodyLimit: 8 << 20 });
const secrets = new Map<string, Buffer>();
const identities = new Map<string, string>();
const keys = new Map<string, KeyObject>();

const keyOf = (id: string): KeyObject => {
  const known = keys.get(id);
  if (known) return known;
  const key = createPublicKey({ key: Buffer.from(id, 'hex'), format: 'raw-public', asymmetricKeyType: 'ed25519' });
  keys.set(id, key);
  return key;
};

const verifyKey = (id: string, text: string, signature: Buffer): Promise<boolean> =>
  new Promise((resolve, reject) => {
    verify(null, Buffer.from(text), keyOf(id), signature, (error, valid) => (error ? reject(error) : resolve(valid)));
  });

const verifySecret = (name: string, text: string, signature: Buffer): boolean => {
  const secret = secrets.get(name);
  return secret !== undefined && timingSafeEqual(createHmac('sha256', secret).update(text).digest(), signature);
};

/** Who sent the request; null when it does not prove that. */
const callerOf = async (request: FastifyRequest): Promise<string | null> => {
  const { headers, method } = request;
  if (headers.authorization !== undefined) return identities.get(headers.authorization.slice(7)) ?? null;
  const input = String(headers['signature-input']).slice(4);
  const id = /keyid="([^"]+)"/.exec(input)?.[1] ?? '';
  const signature = Buffer.from(String(headers.signature).slice(5, -1), 'base64');
  const uri = `http://${headers.host}${request.url}`;
  const digest = headers['content-digest'];
  if (digest !== undefined && digest !== `sha-256=:${hash('sha256', bodies.get(request) ?? '', 'base64')}:`)
    return null;
  const digestLine = digest === undefined ? '' : `"content-digest": ${digest}\n`;
  const text = `"@method": ${method}\n"@target-uri": ${uri}\n${digestLine}"@signature-params": ${input}`;
  const valid = id.length === 64 ? await verifyKey(id, text, signature) : verifySecret(id, text, signature);
  return valid ? id : null;
};

const bodies = new WeakMap<FastifyRequest, Buffer>();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
  bodies.set(request, body);
  done(null, JSON.parse(body.toString('utf8')));
});

const TTL_MS = 60_000;
const published = () => {
  const createdAt = systemClock.now();
  return { sessionId: systemChance.orderedUuid(), createdAt, expiresAt: createdAt + TTL_MS };
};
const aPublisher = '0'.repeat(64);
const offers = Array.from({ length: 20 }, () => ({
  ...published(),
  publisher: aPublisher,
  tags: ['a', 'b'],
  sdp: sdp(),
}));
const candidates = [candidate(), candidate()].map((one) => ({ candidate: one, createdAt: systemClock.now() }));
const cursor = Buffer.from(`f.1.${systemChance.uuid()}`).toString('base64url');

app.post('/v1/credentials', async (_request, reply) => {
  const [name, token] = [`bare-${systemChance.uuid().slice(0, 16)}`, systemChance.uuid()];
  const secret = Buffer.from(systemChance.bytes(32));
  secrets.set(name, secret);
  identities.set(token, name);
  return reply.code(201).send({ name, secret: secret.toString('hex'), token });
});

app.post<{ Body: { offers: readonly { sdp: string }[] } }>('/v1/sessions', async (request, reply) => {
  if ((await callerOf(request)) === null) return reply.code(401).send();
  return reply.code(201).send({ sessions: request.body.offers.map(published) });
});

app.post<{ Params: { id: string } }>('/v1/sessions/:id/answer', async (request, reply) => {
  if ((await callerOf(request)) === null) return reply.code(401).send();
  const answeredAt = systemClock.now();
  return reply.code(201).send({ sessionId: request.params.id, answeredAt, expiresAt: answeredAt + TTL_MS });
});

app.post<{ Body: { candidates: readonly object[] } }>('/v1/sessions/:id/candidates', async (request, reply) => {
  if ((await callerOf(request)) === null) return reply.code(401).send();
  return reply.code(201).send({ count: request.body.candidates.length });
});

app.get<{ Querystring: { pick?: string; limit?: string } }>('/v1/sessions', async ({ query }) =>
  query.pick === 'random' ? offers[0] : { sessions: offers.slice(0, Number(query.limit ?? 20)), cursor },
);

app.get('/v1/sessions/:id/candidates', async (request, reply) => {
  if ((await callerOf(request)) === null) return reply.code(401).send();
  return { candidates, cursor };
});

app.get('/v1/feed', async (request, reply) => {
  if ((await callerOf(request)) === null) return reply.code(401).send();
  return { items: [], cursor, recovered: true };
});

type RpcItem = {
  readonly method: string;
  readonly params: { readonly tags: readonly string[]; readonly offers: readonly { readonly sdp: string }[] };
  readonly auth: {
    readonly publicKey: string;
    readonly timestamp: number;
    readonly nonce: string;
    readonly signature: string;
  };
};

app.post<{ Body: readonly RpcItem[] }>('/rpc', async (request) => {
  const results = [];
  for (const { method, params, auth } of request.body) {
    const text = `${auth.timestamp}:${auth.nonce}:${method}:${JSON.stringify(params)}`;
    if (!(await verifyKey(auth.publicKey, text, Buffer.from(auth.signature, 'base64')))) {
      results.push({ success: false });
      continue;
    }
    const { sessionId: offerId, createdAt, expiresAt } = published();
    const made = params.offers.map((offer) => ({ offerId, sdp: offer.sdp, createdAt, expiresAt }));
    results.push({
      success: true,
      result: { publicKey: auth.publicKey, tags: params.tags, offers: made, createdAt, expiresAt },
    });
  }
  return results;
});

const address = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`listening on ${address}\n`);
