import type { SessionProblem } from '@signalbox/http';
import type { Notices } from '@signalbox/queries';
import type { Metrics } from '@signalbox/runtime';

/** What a refused request on a session was about. A path that is not here is not told of. */
const operations: ReadonlyMap<string, Parameters<Notices['refused']>[0]['operation']> = new Map([
  ['GET /v1/sessions/:sessionId', 'read'],
  ['HEAD /v1/sessions/:sessionId', 'read'],
  ['GET /v1/sessions/:sessionId/candidates', 'read'],
  ['PATCH /v1/sessions/:sessionId', 'retag'],
  ['DELETE /v1/sessions/:sessionId', 'withdraw'],
  ['POST /v1/sessions/:sessionId/answer', 'answer'],
  ['POST /v1/sessions/:sessionId/candidates', 'candidates'],
  ['POST /v1/sessions/:sessionId/report', 'report'],
]);

/** Refusals of HTTP v1, as they are kept of a session. */
export const sessionProblems =
  (notices: Pick<Notices, 'refused'>) =>
  ({ method, route, sessionId, code, identity, authFailure }: SessionProblem): void => {
    const operation = operations.get(`${method} ${route}`);
    if (operation) notices.refused({ sessionId, code, operation, identity, detail: authFailure });
  };

/** Metrics that are noted by the minute too: who was not believed, and whose limit was used up. */
export const notedMetrics = (metrics: Metrics, notices: Pick<Notices, 'unauthenticated' | 'limited'>): Metrics => ({
  ...metrics,
  authFailed: (reason) => {
    metrics.authFailed(reason);
    notices.unauthenticated(reason);
  },
  rateLimited: (policy) => {
    metrics.rateLimited(policy);
    notices.limited(policy);
  },
});
