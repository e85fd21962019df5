import {
  type AppendResult,
  type Delivery,
  type EventLogWithLiveStreams,
  type ExpectedRevision,
  LogUnavailable,
  type NewEvent,
  type RecordedEvent,
  type StreamName,
} from '@signalbox/event-sourcing';

const PAGE = 1_000;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

type Stream = { readonly events: RecordedEvent[]; closedAt: number | null };

/**
 * The event log in memory, for tests: it keeps every promise of the port but durability. An event id is used once in
 * the whole log: an append that holds one of another stream is a conflict. `now` gives epoch milliseconds.
 */
export const memoryEventLog = (options: {
  readonly now: () => number;
  readonly id: string;
}): EventLogWithLiveStreams => {
  // Positions count from 1 without gaps, so an event's index is its position less one.
  const events: RecordedEvent[] = [];
  const streams = new Map<StreamName, Stream>();
  const byId = new Map<string, RecordedEvent>();
  const idle = new Set<() => void>();
  let closed = false;

  const wakeAll = () => {
    for (const wake of idle) wake();
    idle.clear();
  };

  const record = (name: StreamName, added: readonly NewEvent[], closes: boolean): RecordedEvent[] => {
    const stream = streams.get(name) ?? { events: [], closedAt: null };
    streams.set(name, stream);
    const recordedAt = Math.max(options.now(), events.at(-1)?.recordedAt ?? 0);
    const recorded = added.map((event, index) => ({
      ...event,
      stream: name,
      revision: stream.events.length + index,
      position: events.length + 1 + index,
      recordedAt,
    }));
    for (const event of recorded) byId.set(event.id, event);
    stream.events.push(...recorded);
    stream.closedAt = closes ? recordedAt : null;
    events.push(...recorded);
    return recorded;
  };

  const append = (
    name: StreamName,
    added: readonly NewEvent[],
    expected: ExpectedRevision,
    closes: boolean,
  ): AppendResult => {
    if (closed) throw new LogUnavailable('The log has been closed.');
    const mistake = mistakeIn(added);
    if (mistake) throw new RangeError(mistake);
    const history = streams.get(name)?.events ?? [];
    const last = history.length - 1;
    const start = expected === 'any' ? byId.get(added[0]?.id ?? '')?.revision : revisionOf(expected) + 1;
    const before = start === undefined ? [] : history.slice(start, start + added.length);
    const end = before.at(-1);
    if (end && before.length === added.length && before.every((event, index) => event.id === added[index]?.id)) {
      return { kind: 'appended', revision: end.revision, position: end.position };
    }
    const asExpected = expected === 'any' || revisionOf(expected) === last;
    if (!asExpected || added.some((event) => byId.has(event.id))) {
      return { kind: 'conflict', actual: last === -1 ? 'no_stream' : last };
    }
    const recorded = record(name, added, closes).at(-1);
    wakeAll();
    return { kind: 'appended', revision: recorded?.revision ?? -1, position: recorded?.position ?? -1 };
  };

  const after = (position: number, limit: number) => events.slice(position, position + limit);

  return {
    id: options.id,
    supports: { durable: false, liveStreams: true },
    append: async (stream, added, expected, { closes = false } = {}) => append(stream, added, expected, closes),
    readStream: async (stream, { from = 0 } = {}) => streams.get(stream)?.events.slice(from) ?? [],
    readAll: async (position, limit) => after(position, limit),
    head: async () => events.length,
    readLive: async ({ closedSince }) => {
      const position = events.length;
      const since = events.findIndex((event) => event.recordedAt >= closedSince);
      const alive = [...streams.values()]
        .filter((stream) => stream.closedAt === null || stream.closedAt >= closedSince)
        .flatMap((stream) => stream.events)
        .toSorted((a, b) => a.position - b.position);
      return {
        position,
        recordedAt: events.at(-1)?.recordedAt ?? null,
        since: since === -1 ? position + 1 : since + 1,
        pages: pagesOf(alive),
      };
    },
    async *subscribeAll(start, { signal }): AsyncGenerator<Delivery, void> {
      let position = start;
      while (!signal.aborted && !closed) {
        const page = after(position, PAGE);
        const last = page.at(-1);
        if (last) {
          position = last.position;
          yield { kind: 'events', events: page };
          continue;
        }
        yield { kind: 'caught_up', position };
        if (events.length > position || signal.aborted || closed) continue;
        const { promise, resolve } = Promise.withResolvers<void>();
        idle.add(resolve);
        const wake = () => resolve();
        signal.addEventListener('abort', wake);
        await promise;
        signal.removeEventListener('abort', wake);
        idle.delete(resolve);
      }
    },
    close: async () => {
      closed = true;
      wakeAll();
    },
  };
};

const revisionOf = (expected: number | 'no_stream'): number => (expected === 'no_stream' ? -1 : expected);

const mistakeIn = (events: readonly NewEvent[]): string | undefined => {
  if (events.length === 0) return 'An append needs at least one event.';
  const wrong = events.find((event) => !UUID.test(event.id));
  if (wrong) return `An event id is a UUID in lower case, not ${wrong.id}.`;
  if (new Set(events.map((event) => event.id)).size < events.length) return 'An append holds each event id once.';
  return undefined;
};

async function* pagesOf(events: readonly RecordedEvent[]): AsyncGenerator<readonly RecordedEvent[], void> {
  for (let start = 0; start < events.length; start += PAGE) yield events.slice(start, start + PAGE);
}
