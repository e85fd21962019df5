export { type Supervised, supervise } from './background.ts';
export { BreakerOpen, type BreakerState, type CircuitBreaker, createCircuitBreaker } from './circuit-breaker.ts';
export {
  type Config,
  configurationTables,
  type Env,
  envExample,
  loadConfig,
  type RateLimits,
  type StackPart,
  variables,
} from './config/index.ts';
export { type SecretFiles, secretFilesOnDisk, withDevelopmentSecrets } from './development-secrets.ts';
export { type ClosingStep, endInOrder, type Lifecycle } from './lifecycle.ts';
export { createLoadMonitor, type LoadMonitor, type LoadSources, processLoad } from './load.ts';
export { createLogger, type Logger } from './logger.ts';
export { type GaugeName, type Metrics, noMetrics } from './metrics.ts';
export { type Backoff, backoffMs, pause, retry, TimedOut, withTimeout } from './retry.ts';
export { hostOf, type Opened, type ServiceContext, type ServiceHost, startService } from './service.ts';
export { type RequestSpan, startTelemetry, type Telemetry, type Tracing } from './telemetry.ts';
export { type Chance, type Clock, systemChance, systemClock, systemTimers, type Timers } from './time.ts';
export {
  currentContext,
  formatTraceparent,
  newSpanId,
  newTraceId,
  parseTraceparent,
  runInContext,
  type TraceContext,
  type WorkContext,
} from './trace-context.ts';
