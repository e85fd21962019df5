import type { DiscoveryRow } from '@signalbox/read-models';
import { OrderedList } from './ordered-list.ts';

const byAge = (a: DiscoveryRow, b: DiscoveryRow): number => a.order - b.order;

export type Offers = OrderedList<DiscoveryRow>;

/** Offers, oldest first: all of them, and those of each tag. */
export type OfferIndex = {
  readonly all: Offers;
  readonly byTag: ReadonlyMap<string, Offers>;
  add(offer: DiscoveryRow): void;
  delete(offer: DiscoveryRow): void;
};

export const offerIndex = (): OfferIndex => {
  const all: Offers = new OrderedList(byAge);
  const byTag = new Map<string, Offers>();
  return {
    all,
    byTag,
    add: (offer) => {
      all.add(offer);
      for (const tag of new Set(offer.tags)) {
        const offers = byTag.get(tag) ?? new OrderedList(byAge);
        offers.add(offer);
        byTag.set(tag, offers);
      }
    },
    delete: (offer) => {
      all.delete(offer);
      for (const tag of offer.tags) {
        const offers = byTag.get(tag);
        offers?.delete(offer);
        if (offers?.size === 0) byTag.delete(tag);
      }
    },
  };
};
