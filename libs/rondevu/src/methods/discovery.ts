import type { DiscoverQueries, Notices, OfferPage } from '@signalbox/queries';
import { Failure, fail } from '../failure.ts';
import { readPage, readTags } from '../params.ts';
import { type OpenMethod, open, shown } from './method.ts';

/** Each page is counted from the newest offer on, so one far behind costs as much as all before it. */
const MAX_OFFSET = 10_000;

type Parts = { readonly discover: DiscoverQueries; readonly notices: Pick<Notices, 'discovered'> };

type Offer = OfferPage['offers'][number];

/** The publisher under both names: the call is open, so it often can't be told which dialect the caller reads. */
const offerShown = ({ sessionId, publisher, tags, sdp, createdAt, expiresAt }: Offer) => ({
  offerId: sessionId,
  publicKey: publisher,
  username: publisher,
  ...{ tags, sdp, createdAt, expiresAt },
});

export const discover = ({ discover, notices }: Parts): OpenMethod =>
  open(async ({ params, claimed }) => {
    const tags = readTags(params);
    if (tags instanceof Failure) return tags;
    const page = readPage(params);
    if (page instanceof Failure) return page;
    const filter = { tags, service: null, except: claimed };
    if (page === null) {
      const offer = await discover.random(filter);
      if (offer) notices.discovered([offer]);
      return offer ? shown(offerShown(offer)) : fail('OFFER_NOT_FOUND', 'No open offer carries any of these tags');
    }
    const offers = page.offset > MAX_OFFSET ? [] : await discover.pageAt(filter, page.limit, page.offset);
    notices.discovered(offers);
    return shown({ offers: offers.map(offerShown), count: offers.length, ...page });
  });

/** Own offers are counted too. */
export const countOffersByTags = ({ discover }: Parts): OpenMethod =>
  open(async ({ params }) => {
    const tags = readTags(params);
    if (tags instanceof Failure) return tags;
    const counts = await discover.count(tags, params.unique === true);
    return shown({ counts: Object.fromEntries(tags.map((tag) => [tag, counts.get(tag) ?? 0])) });
  });
