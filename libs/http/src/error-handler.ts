import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { newTraceId } from '@signalbox/runtime';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { logFault } from './log-fault.ts';
import type { HttpOptions } from './options.ts';
import { type Problem, problemAnswer, problemOf, sendProblem } from './problem.ts';
import type { App } from './request.ts';

/** The edge where errors end: answered as a problem, and logged once if it is the server's own fault. */
export const addErrorHandler = (app: App, { logger }: Pick<HttpOptions, 'logger'>): void => {
  app.setErrorHandler((error, request, reply) => {
    const { code, ...details } = problemOf(error);
    const { id: requestId, traceId, routeOptions } = request;
    logFault(logger, code, { err: error, requestId, traceId, route: routeOptions.url });
    return sendProblem(reply, code, details);
  });
};

/** `/v1/sessions/:sessionId` as an expression that matches its paths. */
const pathPattern = (url: string): RegExp => {
  const segments = url.split('/').map((segment) => {
    if (segment.startsWith(':')) return '[^/]+';
    return segment === '*' ? '.*' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${segments.join('/')}$`);
};

/**
 * 405 with `Allow` where the path is there for other methods, else 404. `answerUnmatched` does so before the body is
 * read: nobody will ever look at it.
 */
export const addNotFound = (app: App): { readonly answerUnmatched: () => void } => {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const known = routes.get(url) ?? { pattern: pathPattern(url), methods: new Set() };
    for (const one of [method].flat()) known.methods.add(one);
    routes.set(url, known);
  });

  const notFound = (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = [...routes.values()].filter(({ pattern }) => pattern.test(path)).flatMap((r) => [...r.methods]);
    if (methods.length === 0) return sendProblem(reply, 'NOT_FOUND');
    const allow = [...new Set([...methods, 'OPTIONS'])].sort().join(', ');
    return sendProblem(reply, 'METHOD_NOT_ALLOWED', { headers: { allow } });
  };

  app.setNotFoundHandler(notFound);
  return {
    answerUnmatched: () => {
      app.addHook('onRequest', (request, reply, done) => {
        if (request.is404) notFound(request, reply);
        else done();
      });
    },
  };
};

/** What Fastify cannot route: such a request has passed no hook, so its answer is made from nothing. */
export const unroutable =
  ({ chance, config, telemetry }: Pick<HttpOptions, 'chance' | 'config' | 'telemetry'>) =>
  (_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const problem: Problem = { code: 'INVALID_PARAMS', errors: [{ path: 'path', message: 'is not a valid path' }] };
    const { status, headers, body } = problemAnswer(problem, newTraceId(chance), config.publicUrl ?? '');
    telemetry.metrics.requestFinished({ route: 'unroutable', method: request.method, status, seconds: 0 });
    reply.raw.writeHead(status, { ...headers, 'x-request-id': request.id });
    reply.raw.end(JSON.stringify(body));
  };

const CONNECTION_ERRORS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: { code: 'HEADERS_TOO_LARGE' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'REQUEST_NOT_RECEIVED' },
};
const MALFORMED: Problem = { code: 'INVALID_PARAMS', detail: 'The request is not well-formed HTTP.' };

/** What is not even HTTP, or never all there. The connection is closed after the answer. */
export const notHttp =
  ({ chance, config }: Pick<HttpOptions, 'chance' | 'config'>) =>
  (error: { readonly code: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const problem = CONNECTION_ERRORS[error.code] ?? MALFORMED;
    const { status, headers, body } = problemAnswer(problem, newTraceId(chance), config.publicUrl ?? '');
    const text = JSON.stringify(body);
    const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(text), connection: 'close' });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${text}`);
  };
