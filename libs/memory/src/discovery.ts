import type { View } from '@signalbox/event-sourcing';
import type { Discovery, DiscoveryRow, OfferFilter } from '@signalbox/read-models';
import { newestFirst } from './newest-first.ts';
import { type Offers, offerIndex } from './offer-index.ts';
import { OrderedList } from './ordered-list.ts';
import { publisherCounts } from './publisher-counts.ts';
import { memoryRows } from './rows.ts';
import { serviceIndex } from './service-index.ts';

/** How many draws each list is worth before a random pick goes through all that matches: then one has not failed by chance. */
const DRAWS_PER_LIST = 128;

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

  /** The lists whose union is what the filter asks for; `except` aside. */
  const listsFor = ({ tags, service }: OfferFilter): readonly Offers[] => {
    const indexes = service === null ? [offers] : services.matching(service.name, service.range);
    if (tags.length === 0) return indexes.map((index) => index.all);
    return [...new Set(tags)].flatMap((tag) => indexes.flatMap((index) => index.byTag.get(tag) ?? []));
  };

  /**
   * One draw among the places of all the lists. An offer that is in several of them counts in the first only. So each
   * offer has the same chance, and the cost does not grow with their number.
   */
  const draw = (lists: readonly Offers[]): DiscoveryRow | undefined => {
    let place = Math.floor(fraction() * lists.reduce((sum, list) => sum + list.places, 0));
    for (const [index, list] of lists.entries()) {
      if (place >= list.places) {
        place -= list.places;
        continue;
      }
      const offer = list.at(place);
      const counts = offer && !lists.slice(0, index).some((earlier) => earlier.has(offer));
      return counts ? offer : undefined;
    }
    return undefined;
  };

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
      const lists = listsFor(filter);
      for (let draws = DRAWS_PER_LIST * lists.length; draws > 0; draws--) {
        const offer = draw(lists);
        if (offer && offer.publisher !== filter.except) return offer;
      }
      // Nearly all that matches belongs to the identity that is left out, and an identity has a bounded number.
      const others = [...newestFirst(lists, Number.POSITIVE_INFINITY)].filter((o) => o.publisher !== filter.except);
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
