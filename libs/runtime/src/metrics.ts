import type { Attributes, Meter } from '@opentelemetry/api';

/** What is measured (M3). Names in `gauges` become observable: they are read when somebody looks. */
export interface Metrics {
  /** `route` is the pattern, never the path: there must be few different ones. */
  requestFinished(request: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
  authFailed(reason: string): void;
  rateLimited(limit: string): void;
  /** A call of /rpc that failed by no fault of its caller. Its request is answered 200 all the same. */
  rpcFailed(code: string): void;
  /** A request refused because of load. */
  shed(reason: string): void;
  appended(outcome: 'appended' | 'conflict' | 'failed', seconds: number): void;
  /** How long after its due time something was done. */
  scheduledLate(kind: string, seconds: number): void;
  swept(kind: string, count: number): void;
  backgroundFailed(work: string): void;
  /** Events shown by the read models, and how long after it was recorded the last of them was. */
  projected(count: number, seconds: number): void;
  /** Events put on the bus by the relay. */
  relayed(count: number): void;
  /** A message that was set aside because it could not be used. */
  deadLettered(reason: string): void;
  /** Events read of the log to build read models anew. */
  rebuilt(count: number): void;
  /** Somebody with the scope for it was shown so many events with what they carry. */
  audited(count: number): void;
  /** Several callbacks for one gauge give several series, told apart by `part`. Null: there is nothing to tell now. */
  observe(gauge: GaugeName, read: () => number | null | Promise<number | null>, part?: string): void;
}

const gauges = {
  openOffers: ['signalbox_open_offers', 'Offers that can be answered now'],
  liveSessions: ['signalbox_live_sessions', 'Sessions that have not ended'],
  connections: ['signalbox_connections', 'Open connections'],
  queueDepth: ['signalbox_queue_depth', 'What waits in a queue'],
  projectionLag: ['signalbox_projection_lag_events', 'Positions between the head of the log and a projection'],
  schedulerPending: ['signalbox_scheduler_pending', 'Due times in the future'],
  consumerLag: [
    'signalbox_consumer_lag_records',
    'Records on the bus that a consumer of this process has yet to apply',
  ],
  relayLeader: ['signalbox_relay_leader', 'Whether this relay is the active one: 1, or 0'],
  relayLag: ['signalbox_relay_lag_positions', 'Positions between the head of the log and what has been put on the bus'],
  uncoveredEvents: ['signalbox_uncovered_events', 'Events that no signed checkpoint covers yet'],
  logContradicted: [
    'signalbox_log_contradicted',
    'Whether the log is not what its checkpoints say, which is a sign of tampering: 1, or 0',
  ],
  keyStoreBytes: ['signalbox_key_store_bytes', 'What the store of the keys that seal the log takes'],
  keyStoreBound: [
    'signalbox_key_store_bound_bytes',
    'Where that store takes no more keys, and new sessions get 503; none where only the disk bounds it',
  ],
  breakerOpen: ['signalbox_breaker_open', 'Whether a circuit breaker is open: 1, or 0'],
  eventLoopDelay: [
    'signalbox_event_loop_delay_seconds',
    'How late the event loop was, lately: nine times in ten no later',
  ],
  heapUsed: ['signalbox_heap_used_bytes', 'Heap in use'],
} as const;

export type GaugeName = keyof typeof gauges;

const LATENCIES = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** One object for each set of values, so that the hot path makes none. */
const remembered = (make: (key: string) => Attributes): ((key: string) => Attributes) => {
  const known = new Map<string, Attributes>();
  return (key) => {
    const found = known.get(key);
    if (found) return found;
    const made = make(key);
    known.set(key, made);
    return made;
  };
};

export const createMetrics = (meter: Meter): Metrics => {
  const histogram = (name: string, description: string) =>
    meter.createHistogram(name, { description, advice: { explicitBucketBoundaries: LATENCIES } });
  const counter = (name: string, description: string) => meter.createCounter(name, { description });

  const requests = histogram('signalbox_http_request_duration_seconds', 'Time to answer a request');
  const appends = histogram('signalbox_append_duration_seconds', 'Time until an append was durable');
  const lateness = histogram('signalbox_scheduler_lateness_seconds', 'Time between a due time and what it was due for');
  const authFailures = counter('signalbox_auth_failures_total', 'Requests whose credentials did not prove the caller');
  const rateLimited = counter('signalbox_rate_limited_total', 'Requests refused by a rate limit');
  const rpcFailures = counter('signalbox_rpc_failures_total', 'Calls of /rpc that failed by no fault of their callers');
  const shed = counter('signalbox_shed_total', 'Requests refused because of load');
  const swept = counter('signalbox_swept_total', 'What sweeps removed');
  const projected = counter('signalbox_projected_total', 'Events that the read models have been brought up to');
  const projectionDelay = histogram(
    'signalbox_projection_delay_seconds',
    'Time between the recording of an event and the moment at which the read models show it',
  );
  const relayed = counter('signalbox_relay_published_total', 'Events put on the bus');
  const deadLetters = counter('signalbox_dead_letters_total', 'Messages set aside because they could not be used');
  const rebuilt = counter('signalbox_rebuild_events_total', 'Events read of the log to build read models anew');
  const audited = counter('signalbox_audited_total', 'Events that were shown to auditors with what they carry');
  const background = counter('signalbox_background_failures_total', 'Failures of background work');

  const byReason = remembered((reason) => ({ reason }));
  const byKind = remembered((kind) => ({ kind }));
  const byLimit = remembered((limit) => ({ limit }));
  const byWork = remembered((work) => ({ work }));
  const byCode = remembered((code) => ({ code }));
  const byOutcome = remembered((outcome) => ({ outcome }));
  const byRequest = remembered((key) => {
    const [method = '', status = '', route = ''] = key.split(' ');
    return { method, status: Number(status), route };
  });

  return {
    requestFinished: ({ route, method, status, seconds }) =>
      requests.record(seconds, byRequest(`${method} ${status} ${route}`)),
    authFailed: (reason) => authFailures.add(1, byReason(reason)),
    rateLimited: (limit) => rateLimited.add(1, byLimit(limit)),
    rpcFailed: (code) => rpcFailures.add(1, byCode(code)),
    shed: (reason) => shed.add(1, byReason(reason)),
    appended: (outcome, seconds) => appends.record(seconds, byOutcome(outcome)),
    scheduledLate: (kind, seconds) => lateness.record(seconds, byKind(kind)),
    swept: (kind, count) => swept.add(count, byKind(kind)),
    backgroundFailed: (work) => background.add(1, byWork(work)),
    projected: (count, seconds) => {
      projected.add(count);
      projectionDelay.record(seconds);
    },
    relayed: (count) => relayed.add(count),
    deadLettered: (reason) => deadLetters.add(1, byReason(reason)),
    rebuilt: (count) => rebuilt.add(count),
    audited: (count) => audited.add(count),
    observe: (gauge, read, part) => {
      const [name, description] = gauges[gauge];
      const attributes = part === undefined ? {} : { part };
      meter.createObservableGauge(name, { description }).addCallback(async (result) => {
        const value = await read();
        if (value !== null) result.observe(value, attributes);
      });
    },
  };
};

/** Records nothing. For tools, and for tests that do not look at metrics. */
export const noMetrics: Metrics = {
  requestFinished: () => undefined,
  authFailed: () => undefined,
  rateLimited: () => undefined,
  rpcFailed: () => undefined,
  shed: () => undefined,
  appended: () => undefined,
  scheduledLate: () => undefined,
  swept: () => undefined,
  backgroundFailed: () => undefined,
  projected: () => undefined,
  relayed: () => undefined,
  deadLettered: () => undefined,
  rebuilt: () => undefined,
  audited: () => undefined,
  observe: () => undefined,
};
