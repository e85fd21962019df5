import { type FastifyServerOptions, fastify, LogController } from 'fastify';
import { addAdmission } from './admission.ts';
import { addAuthentication, refuseAnonymous } from './authentication.ts';
import { trustedProxies } from './client-address.ts';
import { addClosing } from './closing.ts';
import { addDeadlines } from './deadline.ts';
import { addEdgeHeaders } from './edge-headers.ts';
import { addErrorHandler, addNotFound, notHttp, unroutable } from './error-handler.ts';
import { addIdempotency } from './idempotency.ts';
import { addIdentification, requestIds } from './identify.ts';
import { addJsonBody } from './json-body.ts';
import { addOpenApi } from './openapi.ts';
import { addOperations } from './operations.ts';
import type { HttpOptions } from './options.ts';
import { addProblemPages } from './problem-pages.ts';
import { createRateLimits } from './rate-limits.ts';
import type { App } from './request.ts';
import { serializerCompiler, validatorCompiler } from './validation.ts';

/** Longer than any path parameter of ours. */
const MAX_PARAM_LENGTH = 512;
/** How long a client may take to send a request, and how long a connection may stay silent beside a long-poll. */
const RECEIVE_MS = 30_000;
const KEEP_ALIVE_MS = 72_000;

/**
 * An application with everything but routes. What a route wants of it, the route says in its `config` (see
 * request.ts), and each request passes, in this order: ids and trace, headers, load shedding, the limit of its
 * address, whether there is such a path and whether it says who is calling where it must, the body, the deadline,
 * authentication and scope, the limit of its caller and of its address for all that it asks for, validation, the
 * idempotency key, the handler. Close it, and `app.closing` aborts first; then requests in flight are finished.
 */
export const createHttpApp = async (options: HttpOptions): Promise<App> => {
  const { config } = options;
  const app = createServer(options);
  addClosing(app, options);
  app.decorate('now', () => options.clock.now());
  app.decorate('problemBase', config.publicUrl ?? '');
  app.decorate('onSessionProblem', options.onSessionProblem);
  app.server.maxConnections = config.load.maxConnections;
  decorateRequests(app);

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler(options.checkResponses));
  addErrorHandler(app, options);
  const { answerUnmatched } = addNotFound(app);
  requireAccess(app);
  addJsonBody(app, options);

  // The order of the hooks is the order of the doc comment.
  const rateLimits = createRateLimits(options);
  addIdentification(app, options);
  const { answerPreflights } = addEdgeHeaders(app, options);
  addAdmission(app, options, rateLimits);
  answerPreflights();
  answerUnmatched();
  refuseAnonymous(app, options);
  addDeadlines(app, options);
  addAuthentication(app, options);
  if (rateLimits !== 'off') {
    app.addHook('preValidation', rateLimits.byCaller);
    app.addHook('preValidation', rateLimits.byOperations);
  }
  addIdempotency(app, options);

  await addOpenApi(app, options);
  addOperations(app, options);
  addProblemPages(app);
  return app;
};

const createServer = (options: HttpOptions): App => {
  const { config, tls, logger } = options;
  const isTrusted = trustedProxies(config.trustedProxies);
  const server: FastifyServerOptions = {
    loggerInstance: logger,
    // Each request's lines bear its ids through the context, so it needs no logger of its own.
    childLoggerFactory: (parent) => parent,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds(options),
    trustProxy: config.trustedProxies.length > 0 && ((address: string) => isTrusted(address)),
    bodyLimit: config.limits.maxBodyBytes,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: unroutable(options),
    clientErrorHandler: notHttp(options),
    requestTimeout: RECEIVE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionTimeout: config.timeouts.longPollMaxMs + config.timeouts.requestMs + RECEIVE_MS,
    forceCloseConnections: 'idle',
    // While closing, admission.ts refuses with a problem like any other.
    return503OnClosing: false,
  };
  return fastify({ ...server, ...(tls && { https: tls }) }) as unknown as App;
};

const decorateRequests = (app: App): void => {
  for (const name of ['caller', 'commandId', 'traceparent', 'rawBody', 'clientAddress', 'span', 'claim'] as const) {
    app.decorateRequest(name, null);
  }
  for (const name of ['cancelDeadline', 'goneController', 'answer', 'authFailure'] as const)
    app.decorateRequest(name, null);
  app.decorateRequest('withinLimit', true);
  app.decorateRequest('isTold', false);
  app.decorateRequest('traceId', '');
  app.decorateRequest('startedAt', 0);
  app.decorateRequest('settings');
};

/** No route is open because somebody forgot to close it. */
const requireAccess = (app: App): void => {
  const routes: { readonly method: string | string[]; readonly url: string; readonly config?: { access?: unknown } }[] =
    [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  app.addHook('onReady', async () => {
    const silent = routes.filter(({ config }) => config?.access === undefined);
    if (silent.length === 0) return;
    const names = silent.map(({ method, url }) => `${method} ${url}`).join(', ');
    throw new Error(`These routes do not say who may call them (config.access): ${names}`);
  });
};
