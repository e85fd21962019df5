import { createHash, hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpOptions } from './options.ts';
import type { StoredAnswer } from './ports/idempotency-store.ts';
import { ProblemError } from './problem.ts';
import type { App } from './request.ts';

/** A key that this request holds until its answer is known. */
export type Claim = { readonly scope: string; readonly key: string; readonly fingerprint: string };

const KEY = /^[\x21-\x7e]{1,255}$/;

/** Headers that belong to the first answer; all others are made anew. */
const KEPT = ['content-type', 'signalbox-consistency', 'location'];

const IN_FLIGHT_RETRY_MS = 1_000;

/**
 * Whose key it is. Callers who are not known are told apart by their address, which is kept as a hash only: it ends
 * up on a disk.
 */
const scopeOf = ({ caller, clientAddress }: FastifyRequest): string =>
  caller ? `caller:${caller.identity}` : `address:${hash('sha256', clientAddress ?? 'unknown', 'base64url')}`;

const fingerprintOf = ({ method, originalUrl, rawBody }: FastifyRequest): string => {
  const digest = createHash('sha256').update(`${method} ${originalUrl}\n`);
  return (rawBody === null ? digest : digest.update(rawBody)).digest('base64url');
};

const bytesOf = (payload: unknown): Uint8Array | undefined => {
  if (payload === undefined || payload === null) return new Uint8Array();
  if (typeof payload === 'string') return Buffer.from(payload);
  return payload instanceof Uint8Array ? payload : undefined;
};

/** Worth keeping: what a retry would get again. Not that the server failed, or that the caller must come back. */
const isFinal = (status: number): boolean => status < 500 && status !== 401 && status !== 429;

/**
 * Gives routes with `idempotent: true` their `Idempotency-Key` (S15). The key is claimed, durably, before the command
 * runs, so that a retry runs under the same command id; the answer is stored before it leaves, so whoever has seen it
 * gets the same one again.
 */
export const addIdempotency = (app: App, options: HttpOptions): void => {
  const { idempotency: store, clock, chance, config } = options;
  const newCommandId = () => chance.uuid();
  const expiresAfter = (now: number) => now + config.lifetimes.idempotencyTtlMs;

  const claimKey = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const key = request.headers['idempotency-key'];
    if (key === undefined) return undefined;
    if (typeof key !== 'string' || !KEY.test(key)) throw malformed();
    const claim: Claim = { scope: scopeOf(request), key, fingerprint: fingerprintOf(request) };
    const now = clock.now();
    const terms = { now, expiresAt: expiresAfter(now), newCommandId };
    const found = await store.claim(claim.scope, key, claim.fingerprint, terms);
    switch (found.kind) {
      case 'new':
        request.claim = claim;
        request.commandId = found.commandId;
        return undefined;
      case 'answered':
        return replay(reply, found.answer);
      case 'different':
        throw new ProblemError('IDEMPOTENCY_KEY_REUSED');
      case 'in_flight':
        throw new ProblemError('IDEMPOTENCY_KEY_IN_FLIGHT', { retryAfterMs: IN_FLIGHT_RETRY_MS });
    }
  };

  const settleKey = async (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
    const { claim } = request;
    if (claim === null) return payload;
    request.claim = null; // should storing fail, its problem is an answer that must not be stored
    const body = bytesOf(payload);
    if (body === undefined || !isFinal(reply.statusCode)) {
      await store.abandon(claim.scope, claim.key);
      return payload;
    }
    const answer: StoredAnswer = { status: reply.statusCode, headers: keptHeaders(reply), body };
    await store.complete(claim.scope, claim.key, claim.fingerprint, answer, expiresAfter(clock.now()));
    return payload;
  };

  app.addHook('onRoute', (route) => {
    if (!route.config?.idempotent) return;
    route.preHandler = [claimKey, ...[route.preHandler ?? []].flat()];
    route.onSend = [...[route.onSend ?? []].flat(), settleKey];
  });
};

const malformed = () =>
  new ProblemError('INVALID_PARAMS', {
    errors: [{ path: 'headers.idempotency-key', message: 'must be 1 to 255 visible ASCII characters' }],
  });

const keptHeaders = (reply: FastifyReply): Readonly<Record<string, string>> =>
  Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );

const replay = (reply: FastifyReply, { status, headers, body }: StoredAnswer): FastifyReply => {
  reply.code(status).headers({ ...headers, 'idempotency-replayed': 'true' });
  return body.length === 0 ? reply.send() : reply.send(Buffer.from(body));
};
