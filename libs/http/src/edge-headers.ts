import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpOptions } from './options.ts';
import type { App } from './request.ts';

const SECURITY = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

const HSTS = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' };

/** Names of headers as in the documents: what a page may send, and what it may read. */
const ALLOWED =
  'Authorization, Content-Type, Content-Digest, Signature, Signature-Input, Idempotency-Key, Signalbox-Consistency, Prefer, Last-Event-ID, X-Request-Id, traceparent';
const EXPOSED =
  'RateLimit, RateLimit-Policy, Retry-After, Signalbox-Consistency, Idempotency-Replayed, Location, Link, Preference-Applied, X-Request-Id, WWW-Authenticate';
const MAX_AGE = '86400';

const RONDEVU_ALLOWED = 'Content-Type, Origin, X-PublicKey, X-Name, X-Timestamp, X-Nonce, X-Signature';

type Cors = {
  readonly every: (request: FastifyRequest, reply: FastifyReply) => void;
  readonly preflight: (request: FastifyRequest, reply: FastifyReply) => void;
};

/** The API's rules: credentials travel in headers that a page sets itself, never in cookies, so `*` may be said. */
const apiCors = (origins: HttpOptions['config']['corsOrigins']): Cors => ({
  every: ({ headers: { origin } }, reply) => {
    if (origins === '*') reply.header('access-control-allow-origin', '*');
    else {
      reply.header('vary', 'Origin');
      if (origin !== undefined && origins.includes(origin)) reply.header('access-control-allow-origin', origin);
    }
    if (origin !== undefined) reply.header('access-control-expose-headers', EXPOSED);
  },
  preflight: (_, reply) => {
    reply.headers({
      'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE, OPTIONS',
      'access-control-allow-headers': ALLOWED,
      'access-control-max-age': MAX_AGE,
    });
  },
});

/** As Rondevu's own server does: the origin is echoed; one that is not listed gets the first of the list. */
const rondevuCors = (origins: HttpOptions['config']['corsOrigins']): Cors => ({
  every: ({ headers: { origin } }, reply) => {
    const allowed = origins === '*' ? origin : (origins.find((listed) => listed === origin) ?? origins[0]);
    if (allowed !== undefined) reply.header('access-control-allow-origin', allowed);
    reply.headers({ vary: 'Origin', 'access-control-expose-headers': 'Content-Type' });
  },
  preflight: (_, reply) => {
    reply.headers({
      vary: 'Origin, Access-Control-Request-Headers',
      'access-control-allow-methods': 'GET,POST,OPTIONS',
      'access-control-allow-headers': RONDEVU_ALLOWED,
      'access-control-max-age': MAX_AGE,
    });
  },
});

/** Headers that every answer bears. Preflights are answered by `answerPreflights`, after the limits. */
export const addEdgeHeaders = (app: App, options: HttpOptions): { readonly answerPreflights: () => void } => {
  const { corsOrigins, mode } = options.config;
  const security = mode === 'production' ? { ...SECURITY, ...HSTS } : SECURITY;
  const api = apiCors(corsOrigins);
  const rondevu = rondevuCors(corsOrigins);
  const rondevuPaths = new Set<string>();

  app.addHook('onRoute', ({ url, config }) => {
    if (config?.cors === 'rondevu') rondevuPaths.add(url);
  });

  const rulesFor = (request: FastifyRequest): Cors => {
    if (request.settings.cors === 'rondevu') return rondevu;
    const preflight = request.method === 'OPTIONS' && rondevuPaths.has(request.url.split('?', 1)[0] ?? '');
    return preflight ? rondevu : api;
  };

  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(security);
    rulesFor(request).every(request, reply);
    done();
  });

  return {
    answerPreflights: () => {
      app.addHook('onRequest', (request, reply, done) => {
        if (request.method !== 'OPTIONS') return done();
        rulesFor(request).preflight(request, reply);
        reply.code(204).send();
      });
    },
  };
};
