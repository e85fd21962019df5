import type { Discovery, DiscoveryRow, OfferFilter } from '@signalbox/read-models';
import { pageCursor } from './cursor.ts';

export type OfferPage = {
  readonly offers: readonly DiscoveryRow[];
  /** Where the next page begins; null after the last one. */
  readonly cursor: string | null;
};

/** What can be found by anyone. `except` in a filter only hides: nothing private is shown to whoever claims a name. */
export interface DiscoverQueries {
  page(filter: OfferFilter, limit: number, cursor: string | null): Promise<OfferPage | 'invalid_cursor'>;
  /** For clients that count pages instead of following them. */
  pageAt(filter: OfferFilter, limit: number, offset: number): Promise<readonly DiscoveryRow[]>;
  random(filter: OfferFilter): Promise<DiscoveryRow | undefined>;
  oldest(filter: OfferFilter): Promise<DiscoveryRow | undefined>;
  count(tags: readonly string[], unique: boolean): Promise<ReadonlyMap<string, number>>;
}

export const createDiscoverQueries = (options: {
  readonly discovery: Discovery;
  readonly now: () => number;
}): DiscoverQueries => {
  const { discovery, now } = options;
  return {
    page: async (filter, limit, cursor) => {
      const before = cursor === null ? null : pageCursor.decode(cursor);
      if (before === undefined) return 'invalid_cursor';
      // One more than asked for tells whether there is a next page.
      const rows = await discovery.page(filter, { before, skip: 0, limit: limit + 1, now: now() });
      const offers = rows.slice(0, limit);
      const last = offers.at(-1);
      return { offers, cursor: rows.length > limit && last ? pageCursor.encode(last.order) : null };
    },
    pageAt: (filter, limit, offset) => discovery.page(filter, { before: null, skip: offset, limit, now: now() }),
    random: (filter) => discovery.random(filter, now()),
    oldest: (filter) => discovery.oldest(filter, now()),
    count: (tags, unique) => discovery.count(tags, unique, now()),
  };
};
