export { createHttpApp } from './app.ts';
export { callerOf } from './authentication.ts';
export { addressKey } from './client-address.ts';
export {
  type Consistency,
  consistencyToken,
  parseConsistencyToken,
  readConsistency,
  type Write,
  writesHeader,
} from './consistency.ts';
export { parseJson, tooManyContainers } from './json-body.ts';
export { logFault } from './log-fault.ts';
export { problemSchema } from './openapi.ts';
export type { HealthCheck, HttpOptions, SessionProblem } from './options.ts';
export type { ClaimOptions, IdempotencyClaim, IdempotencyStore, StoredAnswer } from './ports/idempotency-store.ts';
export type { RateAnswer, RateLimiter, RatePolicy } from './ports/rate-limiter.ts';
export {
  type FieldError,
  type Problem,
  type ProblemDetails,
  ProblemError,
  problemAnswer,
  problemOf,
  sendProblem,
} from './problem.ts';
export { escapeHtml } from './problem-pages.ts';
export { ratePolicy } from './rate-limits.ts';
export type { Access, App, RateClass } from './request.ts';
export { invalid } from './validation.ts';
