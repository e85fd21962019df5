import type { ErrorCode } from '@signalbox/contracts';
import type { Authenticate } from '@signalbox/identity';
import type { Chance, Clock, Config, LoadMonitor, Logger, Telemetry, Timers } from '@signalbox/runtime';
import type { IdempotencyStore } from './ports/idempotency-store.ts';
import type { RateLimiter } from './ports/rate-limiter.ts';

/** Something the process needs. `check` rejects when it is away; it is given a few seconds. */
export type HealthCheck = { readonly name: string; readonly check: () => Promise<void> };

/** A request about one session that was answered with a problem. */
export type SessionProblem = {
  readonly method: string;
  /** `/v1/sessions/:sessionId/answer` */
  readonly route: string;
  readonly sessionId: string;
  readonly code: ErrorCode;
  /** The proven caller; null where there is none. */
  readonly identity: string | null;
  /** Why the caller was not believed, in one word; null where that was not the matter. */
  readonly authFailure: string | null;
};

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
  /** Told of each problem on a path with a `:sessionId`. Must neither wait nor throw. */
  readonly onSessionProblem: (problem: SessionProblem) => void;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly chance: Chance;
  /** Answers are checked against their schemas, which costs time: for development and tests. */
  readonly checkResponses: boolean;
};
