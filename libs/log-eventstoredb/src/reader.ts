import type { AllStreamResolvedEvent } from '@eventstore/db-client';
import type { RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import { call } from './attempts.ts';
import type { LogContext } from './log-context.ts';
import { readBackwards, readEvents, readForwards } from './reading.ts';

/** Pages of `$all` while a place among imported events is looked for. */
const SEARCH_PAGE = 1_000;
/** A page of events that is read backwards ends when it holds so much. */
const BACK_BYTES = 4 << 20;

/** Pages of `$all` from its end; grown while only foreign events are found. */
const FIRST_HEAD_PAGE = 1;
const LAST_HEAD_PAGE = 1_024;

const commitOf = ({ event }: AllStreamResolvedEvent): number => Number(event?.position.commit);

const sizeOf = ({ event }: AllStreamResolvedEvent): number =>
  event?.data instanceof Uint8Array ? event.data.byteLength : 0;

export const createReader = (log: LogContext) => {
  const { around, identity, places, prefix, ours, recorded } = log;

  const readStream = (stream: StreamName, from = 0): Promise<readonly RecordedEvent[]> =>
    call(around, `reading ${stream}`, async (client, alive) => {
      const events = await readEvents(client, prefix + stream, { from }, alive);
      return events.flatMap(({ event }) => (event ? [recorded(event)] : []));
    });

  const readAll = async (after: number, limit: number): Promise<readonly RecordedEvent[]> => {
    const found: RecordedEvent[] = [];
    let place = places.before(after);
    let reached = place === after - identity.base;
    while (found.length < limit) {
      const wanted = Math.max(limit - found.length, reached ? 0 : SEARCH_PAGE);
      const page = await call(around, 'reading the log', (client, alive) => readForwards(client, place, wanted, alive));
      for (const resolved of page) {
        place = commitOf(resolved);
        const event = ours(resolved);
        if (!event || event.position <= after) continue;
        reached = true;
        if (found.push(event) === limit) return found;
      }
      if (page.length < wanted) return found;
    }
    return found;
  };

  const head = async (): Promise<number> => {
    let before: number | null = null;
    for (let size = FIRST_HEAD_PAGE; ; size = Math.min(size * 8, LAST_HEAD_PAGE)) {
      const place: number | null = before;
      const page = await call(around, 'reading the end of the log', (client, alive) => {
        return readBackwards(client, place, size, (event) => ours(event) !== null, alive);
      });
      const last = page.at(-1);
      if (!last) return 0;
      const event = ours(last);
      if (event) return event.position;
      before = commitOf(last);
      if (page.length < size || before <= identity.begins) return 0;
    }
  };

  /**
   * At most `limit` events before a position, the newest first; fewer where they are large. Where an imported event
   * lies is not known by its position: what is before one is looked for from the end.
   */
  const readBack = async (before: number, limit: number): Promise<readonly RecordedEvent[]> => {
    const found: RecordedEvent[] = [];
    const isPlace = Number.isSafeInteger(before) && before - identity.base >= identity.begins;
    let place: number | null = isPlace ? before - identity.base : null;
    for (;;) {
      const from: number | null = place;
      let bytes = 0;
      const page = await call(around, 'reading the log backwards', (client, alive) => {
        bytes = 0;
        const isEnough = (resolved: AllStreamResolvedEvent) => {
          bytes += sizeOf(resolved);
          return bytes >= BACK_BYTES;
        };
        return readBackwards(client, from, SEARCH_PAGE, isEnough, alive);
      });
      for (const resolved of page) {
        const event = ours(resolved);
        if (!event || event.position >= before) continue;
        if (found.push(event) === limit) return found;
      }
      const last = page.at(-1);
      const isShort = bytes >= BACK_BYTES;
      if (isShort && found.length > 0) return found;
      if (!last || (!isShort && page.length < SEARCH_PAGE) || commitOf(last) <= identity.begins) return found;
      place = commitOf(last);
    }
  };

  return { readStream, readAll, readBack, head };
};

export type Reader = ReturnType<typeof createReader>;
