import type { CatchUpSource, RecordedEvent } from '@signalbox/event-sourcing';
import { type TileStore, tiledTree } from './tiles.ts';

const PAGE = 1_000;

/** An event's id is made before it is recorded, and by another clock perhaps. */
const MADE_BEFORE_MS = 60_000;
const MADE_AFTER_MS = 5_000;

/** Events that are looked at for one id, at most. */
const MAX_LOOKED_AT = 100_000;

/**
 * Finds places in a log that has no index of its own, by the leaves of its tree: their positions are in order, and read
 * by halving.
 */
export type Locator = {
  /** The position of the last event that was recorded at or before a time (epoch milliseconds); 0 for none. */
  positionAt(time: number): Promise<number>;
  /**
   * The event with this id. An id of version 7 tells when it was made, and so about where it is; of others, and where
   * clocks differ much, the position has to be known. Undefined where it is not found so.
   */
  find(eventId: string, position?: number): Promise<RecordedEvent | undefined>;
};

export const createLocator = (options: {
  readonly log: Pick<CatchUpSource, 'readAll'>;
  readonly tiles: Pick<TileStore, 'size' | 'read'>;
}): Locator => {
  const { log, tiles } = options;
  const tree = tiledTree(tiles);

  /** The position of a leaf; 0 before the first. Some logs can be read only from a position that an event has. */
  const positionOf = async (index: number): Promise<number> =>
    index < 0 ? 0 : ((await tree.leaves(index, index + 1))[0]?.position ?? 0);

  /** The position of the last leaf that was recorded at or before a time. */
  const lastLeafAt = async (time: number): Promise<number> => {
    let [low, high] = [0, await tiles.size()];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [event] = await log.readAll(await positionOf(middle - 1), 1);
      if (event && event.recordedAt <= time) low = middle + 1;
      else high = middle;
    }
    return positionOf(low - 1);
  };

  async function* pages(after: number): AsyncGenerator<readonly RecordedEvent[], void> {
    for (let start = after; ; ) {
      const page = await log.readAll(start, PAGE);
      const last = page.at(-1);
      if (!last) return;
      yield page;
      start = last.position;
    }
  }

  const findByTime = async (eventId: string, madeAt: number): Promise<RecordedEvent | undefined> => {
    let looked = 0;
    for await (const page of pages(await lastLeafAt(madeAt - MADE_AFTER_MS))) {
      const event = page.find(({ id }) => id === eventId);
      if (event) return event;
      looked += page.length;
      if (looked >= MAX_LOOKED_AT || page.some(({ recordedAt }) => recordedAt > madeAt + MADE_BEFORE_MS))
        return undefined;
    }
    return undefined;
  };

  const findAt = async (eventId: string, position: number): Promise<RecordedEvent | undefined> => {
    const index = await tree.indexOf(position, await tiles.size());
    if (index === null) return undefined;
    const [event] = await log.readAll(await positionOf(index - 1), 1);
    return event?.id === eventId ? event : undefined;
  };

  return {
    positionAt: async (time) => {
      let found = await lastLeafAt(time);
      // What came after the last tile, a second's worth as a rule.
      for await (const page of pages(found)) {
        const beyond = page.findIndex(({ recordedAt }) => recordedAt > time);
        found = (beyond === -1 ? page.at(-1) : page[beyond - 1])?.position ?? found;
        if (beyond !== -1) break;
      }
      return found;
    },
    find: async (eventId, position) => {
      if (position !== undefined) return findAt(eventId, position);
      const madeAt = timeInId(eventId);
      return madeAt === null ? undefined : findByTime(eventId, madeAt);
    },
  };
};

/** A UUID of version 7 begins with the milliseconds since the epoch. */
const timeInId = (id: string): number | null =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/.test(id) ? Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) : null;
