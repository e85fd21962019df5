import type { DiscoveryRow } from '@signalbox/read-models';
import semver from 'semver';
import { type OfferIndex, offerIndex } from './offer-index.ts';

/** How many ranges are remembered for one name, with the versions they match. */
const RANGES_REMEMBERED = 100;

type Versions = {
  readonly offers: Map<string, OfferIndex>;
  /** Ranges asked for since a version was last added; what was removed since is in there, empty. */
  readonly matching: Map<string, readonly OfferIndex[]>;
};

/** A prerelease is found only by whoever names it exactly. What is no version or no range matches nothing. */
const matches = (version: string, range: string): boolean =>
  semver.prerelease(version) === null ? semver.satisfies(version, range) : version === range.replace(/^=\s?/, '');

/** Offers of named services: an index for each version of each name. */
export type ServiceIndex = {
  add(offer: DiscoveryRow): void;
  delete(offer: DiscoveryRow): void;
  /** The indexes of the versions in the range; an offer is in one of them at most. */
  matching(name: string, range: string): readonly OfferIndex[];
};

export const serviceIndex = (): ServiceIndex => {
  const services = new Map<string, Versions>();

  const addVersion = ({ offers, matching }: Versions, version: string): OfferIndex => {
    const added = offerIndex();
    offers.set(version, added);
    matching.clear();
    return added;
  };

  return {
    add: (offer) => {
      if (!offer.service) return;
      const { name, version } = offer.service;
      const versions = services.get(name) ?? { offers: new Map(), matching: new Map() };
      services.set(name, versions);
      (versions.offers.get(version) ?? addVersion(versions, version)).add(offer);
    },
    delete: (offer) => {
      const versions = offer.service && services.get(offer.service.name);
      const index = versions?.offers.get(offer.service?.version ?? '');
      if (!offer.service || !versions || !index) return;
      index.delete(offer);
      if (index.all.size > 0) return;
      versions.offers.delete(offer.service.version);
      if (versions.offers.size === 0) services.delete(offer.service.name);
    },
    matching: (name, range) => {
      const versions = services.get(name);
      if (!versions) return [];
      const known = versions.matching.get(range);
      if (known) return known;
      const found = [...versions.offers].filter(([version]) => matches(version, range)).map(([, index]) => index);
      if (versions.matching.size >= RANGES_REMEMBERED) versions.matching.clear();
      versions.matching.set(range, found);
      return found;
    },
  };
};
