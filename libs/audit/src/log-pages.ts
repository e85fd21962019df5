import {
  type CatchUpSource,
  type RecordedEvent,
  type StreamName,
  type StreamReader,
  streamName,
} from '@signalbox/event-sourcing';
import { traceIdOf } from './entry.ts';
import type { History } from './ports/history.ts';

const PAGE = 1_000;

/** Whoever takes all of it may be slow: little waits for them in memory. */
const STREAMED_PAGE = 100;

/** Events that are looked at for one page. Where few of them match, a page has fewer than asked for, or none. */
const MAX_LOOKED_AT = 20_000;

/** A page ends when its payloads have so many bytes. */
const MAX_PAGE_BYTES = 4 << 20;

/** Which events. Everything that is given has to hold. */
export type EventFilter = {
  readonly type: string | null;
  /** 32 hex digits. */
  readonly trace: string | null;
  readonly stream: string | null;
  /** Recorded at or after, and before: epoch milliseconds. */
  readonly from: number | null;
  readonly to: number | null;
};

export type EventsPage = {
  readonly events: readonly RecordedEvent[];
  /** Where the next page begins; null when this one reached the end of what is asked for. */
  readonly next: number | null;
  /** Up to here it has been looked. What is recorded later comes after it. */
  readonly upTo: number;
};

/** Pages of the log. The cost of each is bounded, whatever is asked for: so a page may be empty and not be the last. */
export const createLogPages = (options: {
  readonly log: Pick<CatchUpSource, 'readAll' | 'head'> & StreamReader;
  readonly history: History;
}) => {
  const { log, history } = options;

  const startOf = (from: number | null): Promise<number> | 0 => (from === null ? 0 : history.positionAt(from - 1));

  /** The first event that is too late; some logs find their way back from the positions of events only. */
  const firstFrom = async (to: number | null): Promise<number> =>
    (to === null ? undefined : (await log.readAll(await startOf(to), 1))[0]?.position) ?? Number.POSITIVE_INFINITY;

  const ofStream = async (filter: EventFilter) => {
    const [category, ...id] = (filter.stream ?? '').split('-');
    const events = await log.readStream(streamName(category ?? '', id.join('-')));
    return events.filter((event) => matches(event, filter));
  };

  const oldestOfStream = async (filter: EventFilter, after: number, limit: number): Promise<EventsPage> => {
    const rest = (await ofStream(filter)).filter(({ position }) => position > after);
    const events = rest.slice(0, limit);
    const upTo = events.at(-1)?.position ?? after;
    return { events, next: rest.length > limit ? upTo : null, upTo };
  };

  return {
    /** In position order, strictly after `after`; null: from the first. */
    oldestFirst: async (filter: EventFilter, after: number | null, limit: number): Promise<EventsPage> => {
      const start = Math.max(after ?? 0, await startOf(filter.from));
      if (filter.stream !== null) return oldestOfStream(filter, start, limit);
      const { events, fills } = pageOf(limit);
      let upTo = start;
      for (let looked = 0; looked < MAX_LOOKED_AT; ) {
        const page = await log.readAll(upTo, PAGE);
        for (const event of page) {
          if (filter.to !== null && event.recordedAt >= filter.to) return { events, next: null, upTo };
          upTo = event.position;
          if (matches(event, filter) && fills(event)) return { events, next: upTo, upTo };
        }
        looked += page.length;
        if (page.length < PAGE) return { events, next: null, upTo };
      }
      return { events, next: upTo, upTo };
    },
    /** The newest first, strictly before `before`; null: from the end. `upTo` is the head from before the look. */
    newestFirst: async (filter: EventFilter, before: number | null, limit: number): Promise<EventsPage> => {
      const head = await log.head();
      const end = Math.min(before ?? Number.POSITIVE_INFINITY, await firstFrom(filter.to));
      if (filter.stream !== null) {
        const rest = (await ofStream(filter)).filter(({ position }) => position < end).reverse();
        const events = rest.slice(0, limit);
        return { events, next: rest.length > limit ? (events.at(-1)?.position ?? null) : null, upTo: head };
      }
      const { events, fills } = pageOf(limit);
      let reached = end;
      for (let looked = 0; looked < MAX_LOOKED_AT; ) {
        const page = await history.readBack(reached, PAGE);
        for (const event of page) {
          if (filter.from !== null && event.recordedAt < filter.from) return { events, next: null, upTo: head };
          reached = event.position;
          if (matches(event, filter) && fills(event)) return { events, next: reached, upTo: head };
        }
        looked += page.length;
        if (page.length === 0) return { events, next: null, upTo: head };
      }
      return { events, next: reached, upTo: head };
    },
    /** All of them, page by page, as fast as they are taken. Ends at the head of when it began. Rejects when `signal` aborts. */
    async *all(
      filter: EventFilter,
      after: number | null,
      signal: AbortSignal,
    ): AsyncGenerator<readonly RecordedEvent[], void> {
      if (filter.stream !== null) {
        yield (await ofStream(filter)).filter(({ position }) => position > (after ?? 0));
        return;
      }
      const head = await log.head();
      let upTo = Math.max(after ?? 0, await startOf(filter.from));
      while (upTo < head) {
        signal.throwIfAborted();
        const page = await log.readAll(upTo, STREAMED_PAGE);
        const last = page.at(-1);
        if (!last) return;
        const isOver = page.findIndex(({ recordedAt }) => filter.to !== null && recordedAt >= filter.to);
        yield (isOver === -1 ? page : page.slice(0, isOver)).filter((event) => matches(event, filter));
        if (isOver !== -1) return;
        upTo = last.position;
      }
    },
  };
};

/** Takes events, and answers whether the page is full with that. */
const pageOf = (limit: number) => {
  const events: RecordedEvent[] = [];
  let bytes = 0;
  return {
    events,
    fills: (event: RecordedEvent): boolean => {
      bytes += event.data.byteLength;
      return events.push(event) === limit || bytes >= MAX_PAGE_BYTES;
    },
  };
};

export type LogPages = ReturnType<typeof createLogPages>;

const matches = ({ type, metadata, stream, recordedAt }: RecordedEvent, filter: EventFilter): boolean =>
  (filter.type === null || type === filter.type) &&
  (filter.trace === null || traceIdOf(metadata.trace) === filter.trace) &&
  (filter.stream === null || stream === (filter.stream as StreamName)) &&
  (filter.from === null || recordedAt >= filter.from) &&
  (filter.to === null || recordedAt < filter.to);
