import type { View } from '@signalbox/event-sourcing';
import type { Discovery, DiscoveryRow, OfferFilter } from '@signalbox/read-models';
import { newestFirst } from './newest-first.ts';
import { type Offers, offerIndex } from './offer-index.ts';
import { OrderedList, partition } from './ordered-list.ts';
import { publisherCounts } from './publisher-counts.ts';
import { memoryRows } from './rows.ts';
import { serviceIndex } from './service-index.ts';

/**
 * How many draws each tag asked for is worth before a random pick goes through all that matches: then one has not failed
 * by chance. An offer is in one list for each of these tags at most, however many versions of a service there are.
 */
const DRAWS_PER_TAG = 128;

const byExpiry = (a: DiscoveryRow, b: DiscoveryRow): number => a.expiresAt - b.expiresAt || a.order - b.order;

/**
 * Open offers, found by tag and by service. Each tag, each version of a service, and each tag of such a version has a
 * list of its own, so that any filter comes down to a few lists and nothing is looked at that does not match, but for
 * the offers of the identity that is left out.
 */
export const memoryDiscovery = (options: {
  /** `fraction` is at least 0 and below 1. */
  readonly chance: { fraction(): number };
}): View<DiscoveryRow> & Discovery => {
  const fraction = () => options.chance.fraction();
  const offers = offerIndex();
  const services = serviceIndex();
  const publishers = publisherCounts();
  /** Exactly the offers that the indexes show. */
  const shown = new OrderedList(byExpiry);

  const show = (offer: DiscoveryRow) => {
    shown.add(offer);
    offers.add(offer);
    services.add(offer);
    for (const tag of new Set(offer.tags)) publishers.add(tag, offer.publisher);
  };

  const hide = (offer: DiscoveryRow) => {
    if (!shown.delete(offer)) return;
    offers.delete(offer);
    services.delete(offer);
    for (const tag of new Set(offer.tags)) publishers.remove(tag, offer.publisher);
  };

  /** What has expired is hidden before anyone looks, whether or not the event that says so has come. */
  const hideExpired = (now: number) => {
    for (let offer = shown.first(); offer && offer.expiresAt <= now; offer = shown.first()) hide(offer);
  };

  const rows = memoryRows<DiscoveryRow>((taken) => {
    for (const { before, change } of taken) {
      if (before) hide(before);
      if (change.row) show(change.row);
    }
  });

  /**
   * The lists whose union is what the filter asks for, `except` aside. Lists of one group may share offers; those of
   * different groups, which are versions of a service, share none.
   */
  const groupsFor = ({ tags, service }: OfferFilter): readonly (readonly Offers[])[] => {
    const indexes = service === null ? [offers] : services.matching(service.name, service.range);
    if (tags.length === 0) return indexes.map((index) => [index.all]);
    const different = [...new Set(tags)];
    return indexes.map((index) => different.flatMap((tag) => index.byTag.get(tag) ?? []));
  };

  const listsFor = (filter: OfferFilter): readonly Offers[] => groupsFor(filter).flat();

  return {
    read: rows.read,
    write: rows.write,
    checkpoint: rows.checkpoint,

    page: async (filter, { before, skip, limit, now }) => {
      hideExpired(now);
      const page: DiscoveryRow[] = [];
      let toSkip = skip;
      for (const offer of newestFirst(listsFor(filter), before ?? Number.POSITIVE_INFINITY)) {
        if (page.length === limit) break;
        if (offer.publisher === filter.except) continue;
        if (toSkip > 0) toSkip--;
        else page.push(offer);
      }
      return page;
    },

    random: async (filter, now) => {
      hideExpired(now);
      const groups = groupsFor(filter);
      const draw = drawFrom(groups, fraction);
      const tagsEach = groups.reduce((most, lists) => Math.max(most, lists.length), 0);
      for (let draws = DRAWS_PER_TAG * tagsEach; draws > 0; draws--) {
        const offer = draw();
        if (offer && offer.publisher !== filter.except) return offer;
      }
      // Nearly all that matches belongs to the identity that is left out, and an identity has a bounded number.
      const all = newestFirst(groups.flat(), Number.POSITIVE_INFINITY);
      const others = [...all].filter((offer) => offer.publisher !== filter.except);
      return others[Math.floor(fraction() * others.length)];
    },

    oldest: async (filter, now) => {
      hideExpired(now);
      let oldest: DiscoveryRow | undefined;
      for (const list of listsFor(filter)) {
        const first = list.from(() => false).find((offer) => offer.publisher !== filter.except);
        if (first && (!oldest || first.order < oldest.order)) oldest = first;
      }
      return oldest;
    },

    count: async (tags, unique, now) => {
      hideExpired(now);
      const countOf = (tag: string) => (unique ? publishers.unique(tag) : (offers.byTag.get(tag)?.size ?? 0));
      return new Map(tags.map((tag) => [tag, countOf(tag)]));
    },

    openCount: async (now) => {
      hideExpired(now);
      return offers.all.size;
    },
  };
};

/**
 * Draws a place among those of all the lists; undefined when it is empty. An offer that is in several lists of its group
 * counts in the first only. So each offer has the same chance, and a draw costs about the same however many lists there
 * are: the list of a place is searched for by halving, and an offer is looked for in the lists of its own group only.
 */
const drawFrom = (groups: readonly (readonly Offers[])[], fraction: () => number) => {
  let places = 0;
  const parts = groups.flatMap((lists) =>
    lists.map((list, index) => {
      const start = places;
      places += list.places;
      return { list, start, end: places, earlier: lists.slice(0, index) };
    }),
  );
  return (): DiscoveryRow | undefined => {
    const place = Math.floor(fraction() * places);
    const part = parts[partition(parts, ({ end }) => end <= place)];
    const offer = part?.list.at(place - part.start);
    return offer && !part?.earlier.some((earlier) => earlier.has(offer)) ? offer : undefined;
  };
};
