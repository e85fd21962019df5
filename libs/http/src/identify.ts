import { formatTraceparent, newTraceId, parseTraceparent, runInContext } from '@signalbox/runtime';
import type { FastifyRequest, RawRequestDefaultExpression } from 'fastify';
import { clientAddressFinder } from './client-address.ts';
import type { HttpOptions } from './options.ts';
import type { App } from './request.ts';

/** What a client may call its request: no dots or colons, so that no address hides in it. */
const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;

export const requestIds =
  ({ chance }: Pick<HttpOptions, 'chance'>) =>
  (raw: RawRequestDefaultExpression): string => {
    const given = raw.headers['x-request-id'];
    return typeof given === 'string' && REQUEST_ID.test(given) ? given : chance.orderedUuid();
  };

const NOT_FOUND_ROUTE = 'unmatched';

/** No status of HTTP: the client has gone, and was sent none. */
const CLIENT_GONE = 499;

/** Ids, trace, client address at the start of a request; metrics, span and one line of the log at its end. */
export const addIdentification = (app: App, options: HttpOptions): void => {
  const { clock, chance, logger, telemetry, config } = options;
  const { metrics, tracing } = telemetry;
  const clientAddress = clientAddressFinder(config.trustedProxies);

  const addTrace = (request: FastifyRequest) => {
    const given = request.headers.traceparent;
    const parent = parseTraceparent(typeof given === 'string' ? given : undefined);
    request.span = tracing === null ? null : tracing.startRequest(request.method, parent);
    const trace = request.span?.context ?? parent;
    request.traceId = trace?.traceId ?? newTraceId(chance);
    request.traceparent = trace ? formatTraceparent(trace) : null;
  };

  /** Once for each request: an answer closes when it has been sent, too, and may be sent to nobody after it has closed. */
  const tellEnd = (request: FastifyRequest, status: number) => {
    if (request.isTold) return;
    request.isTold = true;
    const { method, settings, traceId } = request;
    const route = settings.url ?? NOT_FOUND_ROUTE;
    const ms = clock.monotonic() - request.startedAt;
    metrics.requestFinished({ route, method, status, seconds: ms / 1_000 });
    request.span?.end({ route, status });
    const line = {
      ...{ method, route, status, requestId: request.id, traceId },
      ms: Math.round(ms * 100) / 100,
      ...(request.caller && { caller: request.caller.identity }),
    };
    if (settings.quiet) logger.debug(line, 'request');
    else logger.info(line, 'request');
  };

  app.addHook('onRequest', (request, reply, done) => {
    request.startedAt = clock.monotonic();
    request.settings = request.routeOptions.config;
    request.clientAddress = clientAddress(request);
    addTrace(request);
    reply.header('x-request-id', request.id);
    // Without an answer there is no `onResponse`.
    reply.raw.once('close', () => tellEnd(request, CLIENT_GONE));
    runInContext({ requestId: request.id, traceId: request.traceId }, done);
  });

  app.addHook('onResponse', (request, reply, done) => {
    tellEnd(request, reply.statusCode);
    done();
  });
};
