import type { DiscoveryRow } from '@signalbox/read-models';
import FlatQueue from 'flatqueue';
import type { Offers } from './offer-index.ts';

/** The offers of all lists with `order < before`, newest first, each once however many of the lists it is in. */
export const newestFirst = (lists: readonly Offers[], before: number): Iterable<DiscoveryRow> => {
  const older = (offer: DiscoveryRow) => offer.order < before;
  const [only] = lists;
  if (lists.length === 1 && only) return only.backFrom(older);
  return merged(lists.map((list) => list.backFrom(older)));
};

function* merged(sources: readonly Iterator<DiscoveryRow, void>[]): Generator<DiscoveryRow, void, undefined> {
  const heads = new FlatQueue<{ readonly offer: DiscoveryRow; readonly rest: Iterator<DiscoveryRow, void> }>();
  const advance = (rest: Iterator<DiscoveryRow, void>) => {
    const { value } = rest.next();
    if (value) heads.push({ offer: value, rest }, -value.order);
  };
  for (const source of sources) advance(source);
  let last: number | undefined;
  for (let head = heads.pop(); head; head = heads.pop()) {
    advance(head.rest);
    if (head.offer.order === last) continue;
    last = head.offer.order;
    yield head.offer;
  }
}
