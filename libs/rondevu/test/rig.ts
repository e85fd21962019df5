import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { createCredentialCommands, createSessionCommands, type Settled } from '@signalbox/commands';
import { credential, session } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import {
  bindProjection,
  createCommandHandler,
  createProjectionRunner,
  LogUnavailable,
} from '@signalbox/event-sourcing';
import { ed25519Verifier, newCredentialName, newSecret, nonceGuard, verifyHmac } from '@signalbox/identity';
import {
  memoryCredentials,
  memoryDiscovery,
  memoryEventLog,
  memoryFeeds,
  memoryNonceStore,
  memoryObservations,
  memorySessionQuota,
  memorySessions,
} from '@signalbox/memory';
import { createDiscoverQueries, createFeedQueries, createNotices, createSessionQueries } from '@signalbox/queries';
import * as projections from '@signalbox/read-models/projections';
import { fakeClock, seededChance, t0, unchained, unsealed } from '@signalbox/testing';
import { canonicalJson, type Signable } from '../src/canonical-json.ts';
import { createRondevu, defaultLimits, type RondevuLimits, type RondevuOptions } from '../src/index.ts';
import type { Json } from '../src/json.ts';

/** An answer's element, open to be looked into by tests. */
export type Reply = {
  readonly success: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: a result is whatever JSON the test expects it to be
  readonly result?: any;
  readonly error?: string;
  readonly errorCode?: string;
};

export type Headers = Readonly<Record<string, string>>;

export type RigOptions = {
  readonly limits?: Partial<RondevuLimits>;
  readonly withinLimit?: boolean;
  readonly maxSessionsPerIdentity?: number;
  readonly maxSessions?: number;
  readonly maxCandidatesPerRole?: number;
  readonly maxCredentials?: number;
  readonly refuseSignedBefore?: number;
  readonly overrides?: (options: RondevuOptions) => Partial<RondevuOptions>;
};

/** Rondevu's protocol on the real commands, deciders, views and guards, all in memory and on a clock of the test's. */
export const createRig = (wanted: RigOptions = {}) => {
  const clock = fakeClock(t0);
  const chance = seededChance(7);
  const now = () => clock.now();
  const log = memoryEventLog({ now, id: 'log-1' });
  const codec = createEventCodec(unsealed);
  const views = {
    sessions: memorySessions(),
    discovery: memoryDiscovery({ chance }),
    feeds: memoryFeeds({ epoch: 'log-1' }),
    credentials: memoryCredentials(),
  };

  const refetch = () => Promise.reject(new Error('Events come in the order of the log, so nothing is ever missing.'));
  const runners = [
    createProjectionRunner({
      codec: codec.only.session,
      projections: [
        bindProjection(projections.sessions, views.sessions, refetch),
        bindProjection(projections.discovery, views.discovery, refetch),
        bindProjection(projections.feeds, views.feeds.view, refetch),
      ],
    }),
    createProjectionRunner({
      codec: codec.only.credential,
      projections: [bindProjection(projections.credentials, views.credentials, refetch)],
    }),
  ];
  let read = 0;
  const settled: Settled = async ({ position }) => {
    if (position > read) {
      const batch = await log.readAll(read, 10_000);
      read = batch.at(-1)?.position ?? read;
      await Promise.all(runners.map((runner) => runner.apply(batch)));
    }
    await Promise.all(runners.map((runner) => runner.reached(position)));
  };

  const handlerParts = {
    log,
    chain: unchained,
    newEventId: () => chance.uuid(),
    derivedEventId: (commandId: string, index: number) => `${commandId}/${index}`,
    cachedStates: 100,
  };
  const sessions = createSessionCommands({
    handle: createCommandHandler({ decider: session, codec: codec.only.session, ...handlerParts }),
    quota: memorySessionQuota({
      sessions: views.sessions,
      maxPerIdentity: wanted.maxSessionsPerIdentity ?? 1_000,
      max: wanted.maxSessions ?? 100_000,
    }),
    settled,
    lifetimes: { defaultTtlMs: 60_000, minTtlMs: 60_000, maxTtlMs: 86_400_000, answeredTtlMs: 30_000 },
    maxCandidatesPerRole: wanted.maxCandidatesPerRole ?? 50,
    now,
    newId: () => chance.orderedUuid(),
    exists: async () => false,
    derivedId: (commandId, index) => `${commandId}/${index}`,
  });
  const credentials = createCredentialCommands({
    handle: createCommandHandler({ decider: credential, codec: codec.only.credential, ...handlerParts }),
    settled,
    // A double: it seals nothing.
    seal: { seal: (_, secret) => secret, open: (_, sealed) => sealed },
    now,
    newSecret: () => newSecret(chance),
    newName: () => newCredentialName(chance),
    exists: async () => false,
    liveCount: () => views.credentials.liveCount(),
    maxCredentials: wanted.maxCredentials ?? 50_000,
  });

  const faults: unknown[] = [];
  const observations = memoryObservations();
  const options: RondevuOptions = {
    sessions,
    credentials,
    discover: createDiscoverQueries({ discovery: views.discovery, now }),
    sessionQueries: createSessionQueries({ sessions: views.sessions, now }),
    feed: createFeedQueries({ feeds: views.feeds.feeds, after: (ms, work) => clock.after(ms, work) }),
    notices: createNotices({ observations, now }),
    verifyEd25519: ed25519Verifier({ cacheSize: 100 }).verify,
    verifyHmac,
    secretsOf: async (name, at) => {
      const row = await views.credentials.find(name);
      return row && row.endedAt === null && at < row.expiresAt ? [Buffer.from(row.sealedSecret, 'hex')] : [];
    },
    credentialOf: (name) => views.credentials.find(name),
    nonces: nonceGuard({
      store: memoryNonceStore(),
      now,
      windowMs: 60_000,
      refuseSignedBefore: wanted.refuseSignedBefore ?? 0,
    }),
    admitOperations: async () => true,
    admitCaller: async () => true,
    onAuthFailed: () => undefined,
    admitCredential: async () => true,
    limits: { ...defaultLimits, ...wanted.limits },
    now,
    onFault: (error) => {
      faults.push(error);
      return error instanceof LogUnavailable ? 'LOG_UNAVAILABLE' : 'INTERNAL_ERROR';
    },
  };
  const rondevu = createRondevu({ ...options, ...wanted.overrides?.(options) });

  const post = async (body: string | Uint8Array, headers: Headers = {}) => {
    const { body: text, ...answer } = await rondevu.call({
      body: typeof body === 'string' ? Buffer.from(body, 'utf8') : body,
      headers,
      clientAddress: '192.0.2.7',
      withinLimit: wanted.withinLimit ?? true,
      requestId: 'request-1',
      traceparent: null,
    });
    if (text !== JSON.stringify(answer.results)) throw new Error(`The body is not the results: ${text}`);
    return answer;
  };

  const send = async (items: readonly unknown[], headers?: Headers): Promise<readonly Reply[]> =>
    (await post(JSON.stringify(items), headers)).results;

  const one = async (item: unknown, headers?: Headers): Promise<Reply> => {
    const [reply] = await send([item], headers);
    if (!reply) throw new Error('There is no reply.');
    return reply;
  };

  const newNonce = () => chance.uuid();

  return { clock, log, views, sessions, credentials, faults, observations, post, send, one, newNonce };
};

export type Rig = ReturnType<typeof createRig>;

/** How a client proves one call: what it puts beside it, in the item or in the headers. */
export type SignedItem = { readonly item: Readonly<Record<string, unknown>>; readonly headers: Headers };

export type Client = {
  readonly identity: string;
  /** Signs `signedParams` where a client signs something else than it sends. */
  sign(
    method: string,
    params?: unknown,
    changes?: { readonly text?: string; readonly timestamp?: number; readonly nonce?: string },
  ): SignedItem;
  call(method: string, params?: unknown): Promise<Reply>;
};

const canonical = (params: unknown): string => canonicalJson((params || {}) as Signable) ?? '';

export const keyPairOf = (name: string) => {
  const seed = createHash('sha256').update(name).digest('hex');
  const pkcs8 = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  return { privateKey, publicKey };
};

const clientOf = (rig: Rig, identity: string, signed: Client['sign']): Client => ({
  identity,
  sign: signed,
  call: (method, params) => {
    const { item, headers } = signed(method, params);
    return rig.one(item, headers);
  },
});

/** Someone with a key, who signs in the body. */
export const keyClient = (rig: Rig, name: string): Client => {
  const { privateKey, publicKey } = keyPairOf(name);
  return clientOf(rig, publicKey, (method, params, changes = {}) => {
    const { timestamp = rig.clock.now(), nonce = rig.newNonce() } = changes;
    const text = changes.text ?? canonical(params);
    const signature = sign(null, Buffer.from(`${timestamp}:${nonce}:${method}:${text}`), privateKey).toString('base64');
    return { item: { method, params, auth: { publicKey, timestamp, nonce, signature } }, headers: {} };
  });
};

/** Someone with a credential, who signs in the headers: in canonical order, or in that of the body. */
export const credentialClient = async (
  rig: Rig,
  name: string,
  order: 'canonical' | 'body' = 'canonical',
): Promise<Client> => {
  const { result } = await rig.one({ method: 'generateCredentials', params: { name } });
  const secret = Buffer.from(result.secret, 'hex');
  return clientOf(rig, name, (method, params, changes = {}) => {
    const { timestamp = rig.clock.now(), nonce = rig.newNonce() } = changes;
    const text = changes.text ?? (order === 'canonical' ? canonical(params) : JSON.stringify(params || {}));
    const signature = createHmac('sha256', secret).update(`${timestamp}:${nonce}:${method}:${text}`).digest('base64');
    const headers = {
      'x-name': name,
      'x-timestamp': String(timestamp),
      'x-nonce': nonce,
      'x-signature': signature,
    };
    return { item: { method, params }, headers };
  });
};

/** An offer that was just published; the call must have gone well. */
export const offerBy = async (client: Client, params: Readonly<Record<string, Json>> = { tags: ['chat'] }) => {
  const reply = await client.call('publishOffer', { offers: [{ sdp: 'v=0 offer' }], ...params });
  if (!reply.success) throw new Error(`The offer was refused: ${reply.errorCode}`);
  return reply.result.offers[0].offerId as string;
};
