import type { DomainEvent } from '@signalbox/domain';
import {
  type BoundProjection,
  createProjectionRunner,
  type EventCodec,
  type EventLogWithLiveStreams,
  type ProjectionRunner,
} from '@signalbox/event-sourcing';
import { resume, type Views } from '@signalbox/projector';
import type { DueTimes, Feeds } from '@signalbox/read-models';
import type { ReadSide } from './read-side.ts';

const PAGE = 1_000;

/** How far a rebuild has come: events shown, and positions of the log. */
export type RebuildStep = { readonly events: number; readonly position: number; readonly head: number };

/**
 * A read side that can be built anew while it answers. Whoever holds a part of it (`discovery`, `feeds`, …) is given what
 * is live at each call. `projection` fills it; there is only one runner that does.
 *
 * `rebuild` fills a second one from the log and puts it in the place of the first between two batches, when both show the
 * same. So nobody is ever shown less than before, and nobody waits longer than for the batches in between.
 */
export const switchableReadSide = (options: {
  readonly make: () => ReadSide;
  readonly bind: (views: Views) => readonly BoundProjection<DomainEvent>[];
  readonly log: Pick<EventLogWithLiveStreams, 'readAll' | 'head' | 'readLive'>;
  readonly codec: EventCodec<DomainEvent>;
}) => {
  const { make, bind, log, codec } = options;
  let live = sideOf(make(), bind);
  let applied = 0;
  /** Aborts when another side takes the place of the live one. */
  let replaced = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();
  const earlier = new Set<() => void>();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined); // whoever called it is told; the next still gets its turn
    return done;
  };

  const projection: BoundProjection<DomainEvent> = {
    name: 'read-side@1',
    category: '*',
    apply: (batch, checkpoint) =>
      inTurn(async () => {
        for (const one of live.projections) await one.apply(batch, checkpoint);
        applied = Math.max(applied, checkpoint);
      }),
    checkpoint: async () => applied,
  };

  /** Applies what is beyond `from`, up to and with `end`; answers with where that leads. */
  const fill = async (
    apply: ProjectionRunner['apply'],
    from: number,
    end: number,
    onPage: (events: number, position: number) => void,
  ): Promise<number> => {
    let position = from;
    while (position < end) {
      const page = (await log.readAll(position, PAGE)).filter((event) => event.position <= end);
      const last = page.at(-1);
      if (!last) break;
      await apply(page);
      position = last.position;
      onPage(page.length, position);
    }
    return Math.max(position, end);
  };

  const rebuild = async (closedSince: number, onStep: (step: RebuildStep) => void): Promise<RebuildStep> => {
    const next = sideOf(make(), bind);
    const runner = createProjectionRunner({ codec, projections: next.projections });
    const head = await log.head();
    let events = 0;
    const onPage = (count: number, position: number) => {
      events += count;
      onStep({ events, position, head: Math.max(head, position) });
    };
    const alive = await log.readLive({ closedSince });
    next.readSide.feedsStartedFrom(alive.since - 1);
    ({ events } = await resume(alive, runner));
    onStep({ events, position: alive.position, head: Math.max(head, alive.position) });
    let near = alive.position;
    // Others go on writing: when a round has found little, what is left is done while they wait.
    for (let found = PAGE; found >= PAGE; ) {
      const before = events;
      near = await fill(runner.apply, near, await log.head(), onPage);
      found = events - before;
    }
    return inTurn(async () => {
      const position = await fill(runner.apply, near, applied, onPage);
      for (const one of next.projections) await one.apply([], Math.max(applied, position));
      live = next;
      const before = replaced;
      replaced = new AbortController();
      before.abort();
      for (const listener of earlier) live.readSide.dueTimes.onEarlier(listener);
      for (const listener of earlier) listener();
      return { events, position, head: Math.max(head, position) };
    });
  };

  const feeds: Feeds = following(() => live.readSide.feeds);
  const dueTimes: DueTimes = following(() => live.readSide.dueTimes);

  return {
    projection,
    rebuild,
    discovery: following(() => live.readSide.discovery),
    sessions: following(() => live.readSide.sessions),
    credentials: following(() => live.readSide.credentials),
    feeds: {
      ...{ read: feeds.read, readSession: feeds.readSession, since: feeds.since, sessionSince: feeds.sessionSince },
      // Who waits on the side that is left would never hear again.
      changed: (recipient, after, signal) =>
        live.readSide.feeds.changed(recipient, after, AbortSignal.any([signal, replaced.signal])),
    } satisfies Feeds,
    dueTimes: {
      ...{ claim: dueTimes.claim, next: dueTimes.next, size: dueTimes.size },
      onEarlier: (listener) => {
        const heard = () => {
          if (earlier.has(heard)) listener();
        };
        earlier.add(heard);
        live.readSide.dueTimes.onEarlier(heard);
        return () => void earlier.delete(heard);
      },
    } satisfies DueTimes,
    feedsStartedFrom: (position: number) => live.readSide.feedsStartedFrom(position),
    forgetSessions: (endedBefore: number) => live.readSide.forgetSessions(endedBefore),
  };
};

export type SwitchableReadSide = ReturnType<typeof switchableReadSide>;

const sideOf = (readSide: ReadSide, bind: (views: Views) => readonly BoundProjection<DomainEvent>[]) => ({
  readSide,
  projections: bind(readSide.views),
});

/** An object whose functions are those of what is live when they are called. */
const following = <T extends object>(live: () => T): T =>
  new Proxy({} as T, {
    get:
      (_, name) =>
      (...values: readonly unknown[]) =>
        (live()[name as keyof T] as (...values: readonly unknown[]) => unknown)(...values),
  });
