import { type App, createHttpApp, type HealthCheck, type IdempotencyStore, type RateLimiter } from '@signalbox/http';
import { createNotices, type Notices } from '@signalbox/queries';
import type { Observations } from '@signalbox/read-models';
import { createLoadMonitor, type LoadMonitor, type ServiceContext, type Supervised } from '@signalbox/runtime';
import type { KeyRing } from '@signalbox/vault';
import type { Identity } from './identity.ts';
import { notedMetrics, sessionProblems } from './noted.ts';
import { sealedAnswers } from './sealed-answers.ts';

export type EdgeOptions = {
  readonly context: Omit<ServiceContext, 'madeKeys'>;
  readonly identity: Identity;
  readonly idempotency: IdempotencyStore;
  readonly rateLimiter: RateLimiter;
  /** Where what is noticed of requests goes. */
  readonly observations: Pick<Observations, 'note'>;
  readonly ring: KeyRing;
  /** How many appends wait for the log. */
  readonly queueDepth: () => number;
  readonly checks: readonly HealthCheck[];
  /** The tags of the reference, in the order in which they are shown. */
  readonly sections: readonly string[];
};

export type Edge = { readonly app: App; readonly load: LoadMonitor; readonly notices: Notices };

/** Where clients come in: an application with everything but routes, which knows who is calling. Stop `load` after it. */
export const createEdge = async (options: EdgeOptions): Promise<Edge> => {
  const { context, identity, ring, rateLimiter } = options;
  const { tracing, renderMetrics } = context.telemetry;
  const { config, clock } = context;
  const notices = createNotices({ observations: options.observations, now: () => clock.now() });
  const load = createLoadMonitor({
    ...{ limits: config.load, queueDepth: options.queueDepth, clock, sources: context.load },
  });
  const app = await createHttpApp({
    ...context,
    ...{ load, rateLimiter, title: 'Signalbox', description: REFERENCE, sections: options.sections },
    telemetry: { metrics: notedMetrics(context.telemetry.metrics, notices), tracing, renderMetrics },
    onSessionProblem: sessionProblems(notices),
    authenticate: identity.authenticate,
    idempotency: sealedAnswers(options.idempotency, ring),
    checks: options.checks,
    checkResponses: config.mode === 'development',
  });
  context.telemetry.metrics.observe('connections', () => openConnections(app));
  observeLoad(context, load);
  return { app, load, notices };
};

/** What is measured of every process. */
export const observeLoad = (
  { telemetry }: Pick<ServiceContext, 'telemetry'>,
  load: Pick<LoadMonitor, 'eventLoopDelayMs' | 'heapUsed'>,
): void => {
  telemetry.metrics.observe('eventLoopDelay', () => load.eventLoopDelayMs() / 1_000);
  telemetry.metrics.observe('heapUsed', load.heapUsed);
};

/** Down while a dependency has trouble that lasts; `fault` is null when all is well. */
export const faultCheck = (name: string, fault: () => string | null): HealthCheck => ({
  name,
  check: async () => {
    const trouble = fault();
    if (trouble !== null) throw new Error(trouble);
  },
});

/** Background work shows in `/ready` when it keeps failing. */
export const workChecks = (background: readonly Supervised[]): readonly HealthCheck[] =>
  background.map((work) =>
    faultCheck(work.name, () => {
      const trouble = work.unhealthy();
      return trouble === null ? null : `${work.name} ${trouble}`;
    }),
  );

const openConnections = (app: App): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });

const REFERENCE = `WebRTC signaling with a flight recorder. Begin with \`POST /v1/credentials\`, without a body: its answer holds a token for *Authorize*. Requests can be signed instead (RFC 9421). Errors are problems (RFC 9457); each code has a page under \`/problems\`.`;
