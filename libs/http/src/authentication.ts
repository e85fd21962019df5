import type { AuthOutcome, Caller } from '@signalbox/identity';
import type { FastifyRequest } from 'fastify';
import type { HttpOptions } from './options.ts';
import { ProblemError } from './problem.ts';
import type { Access, App } from './request.ts';

/** What a caller must be allowed for each kind of access. Who runs the server may do all that its clients may. */
const allows: Readonly<Record<Exclude<Access, 'public'>, (caller: Caller) => boolean>> = {
  optional: () => true,
  caller: ({ scopes }) => scopes.has('client') || scopes.has('admin'),
  audit: ({ scopes }) => scopes.has('audit') || scopes.has('admin'),
  admin: ({ scopes }) => scopes.has('admin'),
};

/** The proven identity. Only for routes whose access is `caller` or more: there it has been seen to. */
export const callerOf = (request: FastifyRequest): string => {
  if (!request.caller) throw new Error(`${request.routeOptions.url} was reached without a caller.`);
  return request.caller.identity;
};

/** A request with none of these says nothing of who is calling. */
const CREDENTIALS = ['authorization', 'signature', 'signature-input'];

/** Counts a failure, and keeps its reason with the request for whoever tells of it. */
const failing =
  ({ metrics }: HttpOptions['telemetry']) =>
  (request: FastifyRequest, reason: string): void => {
    metrics.authFailed(reason);
    request.authFailure = reason;
  };

/** Refuses, before the body is read, who says nothing on a route that must know. */
export const refuseAnonymous = (app: App, { telemetry }: Pick<HttpOptions, 'telemetry'>): void => {
  const fail = failing(telemetry);
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request;
    const { access } = request.settings;
    const anyone = access === undefined || access === 'public' || access === 'optional';
    if (anyone || CREDENTIALS.some((name) => headers[name] !== undefined)) return done();
    fail(request, 'missing');
    done(new ProblemError('AUTH_REQUIRED'));
  });
};

/** Finds out who is calling, on routes that want to know, and refuses who may not. */
export const addAuthentication = (app: App, options: HttpOptions): void => {
  const { authenticate, telemetry, config } = options;
  const fail = failing(telemetry);
  // Under TLS of our own every request came by it, also one that was injected by a batch and has no socket.
  const scheme = options.tls ? 'https' : null;

  const judge = (request: FastifyRequest, access: Exclude<Access, 'public'>, outcome: AuthOutcome) => {
    if (outcome.kind === 'refused') {
      fail(request, outcome.reason);
      const { detail, retryAfterMs } = outcome;
      return new ProblemError('INVALID_CREDENTIALS', { detail, ...(retryAfterMs !== null && { retryAfterMs }) });
    }
    if (outcome.kind === 'anonymous') {
      if (access === 'optional') return undefined;
      fail(request, 'missing');
      return new ProblemError('AUTH_REQUIRED');
    }
    request.caller = outcome.caller;
    if (allows[access](outcome.caller)) return undefined;
    fail(request, 'scope');
    return new ProblemError('NOT_AUTHORIZED', { detail: `This path needs the scope \`${scopeOf[access]}\`.` });
  };

  app.addHook('preValidation', (request, _reply, done) => {
    const { access } = request.settings;
    if (access === undefined || access === 'public') return done();
    const origin = config.publicUrl ?? `${scheme ?? request.protocol}://${request.host}`;
    authenticate({
      method: request.method,
      targetUri: origin + request.originalUrl,
      headers: request.headers,
      body: request.rawBody,
    })
      .then((outcome) => judge(request, access, outcome))
      .then(done, done);
  });
};

const scopeOf = { optional: 'client', caller: 'client', audit: 'audit', admin: 'admin' } as const;
