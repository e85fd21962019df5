import type { Authenticate } from '@signalbox/identity';
import type { Chance, Clock, Config, LoadMonitor, Logger, Telemetry, Timers } from '@signalbox/runtime';
import type { IdempotencyStore } from './ports/idempotency-store.ts';
import type { RateLimiter } from './ports/rate-limiter.ts';

/** Something the process needs. `check` rejects when it is away; it is given a few seconds. */
export type HealthCheck = { readonly name: string; readonly check: () => Promise<void> };

export type HttpOptions = {
  readonly config: Pick<
    Config,
    | 'mode'
    | 'publicUrl'
    | 'corsOrigins'
    | 'trustedProxies'
    | 'rateLimits'
    | 'lifetimes'
    | 'limits'
    | 'timeouts'
    | 'load'
  >;
  /** PEM texts; null serves plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly title: string;
  /** What stands at the head of the reference, in Markdown. */
  readonly description: string;
  /** The tags of the reference, in the order in which they are shown. */
  readonly sections: readonly string[];
  readonly version: string;
  readonly instance: string;
  readonly authenticate: Authenticate;
  readonly rateLimiter: RateLimiter;
  readonly idempotency: IdempotencyStore;
  readonly checks: readonly HealthCheck[];
  readonly load: Pick<LoadMonitor, 'overloaded'>;
  readonly telemetry: Pick<Telemetry, 'metrics' | 'tracing' | 'renderMetrics'>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  /** Answers are checked against their schemas, which costs time: for development and tests. */
  readonly checkResponses: boolean;
};
