import type { SessionQuota } from '@signalbox/commands';
import type { TileStore } from '@signalbox/evidence';
import type { IdempotencyStore, RateLimiter } from '@signalbox/http';
import type { NonceStore } from '@signalbox/identity';
import type {
  AuditIndex,
  Credentials,
  Discovery,
  DueTimes,
  Feeds,
  Observations,
  Progress,
  Sessions,
} from '@signalbox/read-models';

/** What the processes of the distributed stack share beside the log. Each takes what its role needs. */
export type Stores = {
  readonly credentials: Credentials;
  readonly discovery: Discovery;
  readonly sessions: Sessions;
  readonly feeds: Feeds;
  readonly dueTimes: DueTimes;
  readonly progress: Progress;
  readonly observations: Observations;
  /** The hashes of the log's tree. */
  readonly tiles: TileStore;
  readonly auditIndex: AuditIndex;
  /** Up to which position of the log each read model shows it, by its name. */
  readonly positions: () => Promise<ReadonlyMap<string, number>>;
  readonly quota: SessionQuota;
  readonly nonces: NonceStore;
  readonly rateLimiter: RateLimiter;
  readonly idempotency: IdempotencyStore;
  /** Rejects while the stores can't be asked, or there is nothing in them yet. */
  readonly check: () => Promise<void>;
};
