import { catalogue, type ErrorCode } from '@signalbox/contracts';
import type { FastifyReply } from 'fastify';
import type { HttpOptions } from './options.ts';

/** A place in the request: `body.offers[0].sdp`. */
export type FieldError = { readonly path: string; readonly message: string };

export type ProblemDetails = {
  /** For the person who reads it; the code's own help text when left out. Nothing of the inside. */
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfterMs?: number;
  /** More that this code says, such as `winner`. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Headers that go with the code, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type Problem = ProblemDetails & { readonly code: ErrorCode };

/** A refusal on its way to the error handler, for the places where a hook or parser can answer only by failing. */
export class ProblemError extends Error {
  readonly code: ErrorCode;
  readonly statusCode: number;
  readonly details: ProblemDetails;
  constructor(code: ErrorCode, details: ProblemDetails = {}) {
    super(details.detail ?? catalogue[code].title);
    this.name = 'ProblemError';
    this.code = code;
    this.statusCode = catalogue[code].status;
    this.details = details;
  }
}

const DEFAULT_RETRY_MS = 1_000;

/** The answer to a problem, as RFC 9457 wants it. `base` is where this server's pages are; empty for here. */
export const problemAnswer = (problem: Problem, traceId: string, base: string) => {
  const { code, detail, errors, members } = problem;
  const { status, title, help } = catalogue[code];
  const retryAfterMs = problem.retryAfterMs ?? (status === 429 || status === 503 ? DEFAULT_RETRY_MS : undefined);
  const body = {
    ...members,
    type: `${base}/problems/${code}`,
    title,
    status,
    detail: detail ?? help,
    code,
    traceId,
    ...(errors && { errors }),
    ...(retryAfterMs !== undefined && { retryAfterMs: Math.ceil(retryAfterMs) }),
  };
  const headers: Record<string, string> = {
    ...problem.headers,
    'content-type': 'application/problem+json',
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
    ...(status === 401 && { 'www-authenticate': wwwAuthenticate(code) }),
  };
  return { status, headers, body };
};

const wwwAuthenticate = (code: ErrorCode): string =>
  code === 'INVALID_CREDENTIALS' ? 'Bearer realm="signalbox", error="invalid_token"' : 'Bearer realm="signalbox"';

/** Answers with a problem of the catalogue. For handlers: `return sendProblem(reply, 'OFFER_NOT_FOUND')`. */
export const sendProblem = (reply: FastifyReply, code: ErrorCode, details: ProblemDetails = {}): FastifyReply => {
  tellOfSession(reply, code);
  const { problemBase } = reply.server;
  const { status, headers, body } = problemAnswer({ code, ...details }, reply.request.traceId, problemBase);
  return reply.code(status).headers(headers).send(JSON.stringify(body));
};

const tellOfSession = ({ server, request }: FastifyReply, code: ErrorCode): void => {
  const { sessionId } = (request.params ?? {}) as { readonly sessionId?: unknown };
  if (typeof sessionId !== 'string') return;
  const { method, caller, authFailure } = request;
  const route = request.routeOptions.url ?? '';
  server.onSessionProblem({ method, route, sessionId, code, authFailure, identity: caller?.identity ?? null });
};

declare module 'fastify' {
  interface FastifyInstance {
    /** What comes before `/problems/…` in the type of a problem. */
    readonly problemBase: string;
    readonly onSessionProblem: HttpOptions['onSessionProblem'];
  }
}

type Coded = { readonly code?: unknown; readonly statusCode?: unknown; readonly retryAfterMs?: unknown };

/** What to tell the client of an error, whatever it is. Anything that is not known is `INTERNAL_ERROR`. */
export const problemOf = (error: unknown): Problem => {
  if (error instanceof ProblemError) return { code: error.code, ...error.details };
  const { code, statusCode, retryAfterMs } = (typeof error === 'object' && error !== null ? error : {}) as Coded;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { code: 'BODY_TOO_LARGE' };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { code: 'UNSUPPORTED_MEDIA_TYPE' };
    case 'FST_ERR_NOT_FOUND':
      return { code: 'NOT_FOUND' };
    case 'LOG_UNAVAILABLE':
    case 'VIEWS_UNAVAILABLE':
    case 'KEYS_UNAVAILABLE':
      return { code };
    // Its stream has been redacted, or is about to be: there is no such thing any more.
    case 'KEY_DESTROYED':
      return { code: 'OFFER_NOT_FOUND' };
    case 'BREAKER_OPEN':
      return { code: 'LOG_UNAVAILABLE', ...(typeof retryAfterMs === 'number' && { retryAfterMs }) };
    case 'TIMED_OUT':
      return { code: 'REQUEST_TIMEOUT' };
  }
  // What Fastify and Node find wrong with a request, and a body that broke off.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return { code: 'INVALID_PARAMS' };
  return { code: 'INTERNAL_ERROR' };
};
