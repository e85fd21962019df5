import type { DomainEvent } from '@signalbox/domain';
import {
  type BoundProjection,
  bindProjection,
  type CatchUpSource,
  type Decoded,
  type EventCodec,
  type LiveStreams,
  type ProjectionRunner,
  type RecordedEvent,
  type StreamName,
  type StreamReader,
  type View,
} from '@signalbox/event-sourcing';
import type {
  CredentialRow,
  DiscoveryRow,
  DueRow,
  FeedOut,
  FeedSessionRow,
  RecordedCredentialRow,
  RecordedSessionRow,
  SessionRow,
} from '@signalbox/read-models';
import {
  credentialDueTimes,
  credentials,
  discovery,
  feeds,
  recordedCredentials,
  recordedSessions,
  sessionDueTimes,
  sessions,
} from '@signalbox/read-models/projections';

/** Where each projection keeps its rows. */
export type Views = {
  readonly discovery: View<DiscoveryRow>;
  readonly sessions: View<SessionRow>;
  readonly feeds: View<FeedSessionRow, FeedOut>;
  readonly credentials: View<CredentialRow>;
  readonly sessionDueTimes: View<DueRow>;
  readonly credentialDueTimes: View<DueRow>;
};

type History = { readonly log: StreamReader; readonly codec: EventCodec<DomainEvent> };

const refetcher =
  ({ log, codec }: History) =>
  async (stream: StreamName, from: number): Promise<readonly Decoded<DomainEvent>[]> =>
    codec.decode(await log.readStream(stream, { from }), 'skip');

/** Every projection that clients are answered from, bound to its view. */
export const bindProjections = (views: Views, options: History): readonly BoundProjection<DomainEvent>[] => {
  const refetch = refetcher(options);
  return [
    bind(discovery, views.discovery, refetch),
    bind(sessions, views.sessions, refetch),
    bind(feeds, views.feeds, refetch),
    bind(credentials, views.credentials, refetch),
    bind(sessionDueTimes, views.sessionDueTimes, refetch),
    bind(credentialDueTimes, views.credentialDueTimes, refetch),
  ];
};

/** Where what was recorded is kept, for audits. */
export type RecordedViews = {
  readonly sessions: View<RecordedSessionRow>;
  readonly credentials: View<RecordedCredentialRow>;
};

/** The projections that an audit index is filled by. */
export const bindRecorded = (views: RecordedViews, options: History): readonly BoundProjection<DomainEvent>[] => {
  const refetch = refetcher(options);
  return [bind(recordedSessions, views.sessions, refetch), bind(recordedCredentials, views.credentials, refetch)];
};

/** What a process of the stack keeps: what clients are answered from, and what audits look through. */
export type AllViews = Views & { readonly recorded: RecordedViews };

export const bindAll = (views: AllViews, history: History): readonly BoundProjection<DomainEvent>[] => [
  ...bindProjections(views, history),
  ...bindRecorded(views.recorded, history),
];

/**
 * A projection sees only the events of its own category (`bindProjection` sees to it), so one that is written for some
 * of the domain's events may be run over all of them.
 */
const bind = <E extends DomainEvent, Row, Out>(
  projection: Parameters<typeof bindProjection<E, Row, Out>>[0],
  view: View<Row, Out>,
  refetch: (stream: StreamName, from: number) => Promise<readonly Decoded<DomainEvent>[]>,
): BoundProjection<DomainEvent> =>
  bindProjection(
    projection,
    view,
    refetch as (stream: StreamName, from: number) => Promise<readonly Decoded<E>[]>,
  ) as BoundProjection<DomainEvent>;

export type Resumed = {
  /** Where the log was read; what follows comes from there on. */
  readonly position: number;
  /** How many events were read: as many as what is alive has, however long the log is. */
  readonly events: number;
};

/** Fills empty views with what is alive in the log. Its cost follows what is alive, never what has been. */
export const resume = async (
  live: Awaited<ReturnType<LiveStreams['readLive']>>,
  runner: ProjectionRunner,
): Promise<Resumed> => {
  let events = 0;
  for await (const page of live.pages) {
    await runner.apply(page);
    events += page.length;
  }
  return { position: live.position, events };
};

/** Keeps the views up with the log until `signal` aborts. Throws when a batch can't be applied; call it again then. */
export const follow = async (
  log: CatchUpSource,
  runner: ProjectionRunner,
  options: { readonly after: number; readonly signal: AbortSignal },
): Promise<void> => {
  for await (const delivery of log.subscribeAll(options.after, { signal: options.signal })) {
    if (delivery.kind === 'events') await runner.apply(delivery.events);
  }
};

/** A larger batch would keep the event loop for longer than a request should wait. */
const MAX_GATHERED = 250;

/**
 * The same for views that nobody waits for. At the end of the log it rests, and applies together what was recorded
 * meanwhile, which costs far less than commit by commit. Resting has to end when the signal aborts.
 */
export const followInBatches = async (
  log: CatchUpSource,
  runner: ProjectionRunner,
  options: { readonly after: number; readonly signal: AbortSignal; readonly rest: () => Promise<void> },
): Promise<void> => {
  let gathered: RecordedEvent[] = [];
  for await (const delivery of log.subscribeAll(options.after, { signal: options.signal })) {
    const isAtEnd = delivery.kind === 'caught_up';
    if (!isAtEnd) gathered.push(...delivery.events);
    if (gathered.length >= (isAtEnd ? 1 : MAX_GATHERED)) {
      await runner.apply(gathered);
      gathered = [];
    }
    if (isAtEnd) await options.rest();
  }
};
