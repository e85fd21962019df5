import type { SessionCommands } from '@signalbox/commands';
import type { DiscoverQueries, Notices, OfferPage, SessionQueries } from '@signalbox/queries';
import { Failure, fail } from '../failure.ts';
import type { RondevuLimits } from '../options.ts';
import { readOffers, readPage, readText } from '../params.ts';
import {
  formatServiceName,
  rangeFor,
  readOwnedServiceName,
  readServiceName,
  serves,
  serviceIdOf,
} from '../service-name.ts';
import { answered, type OpenMethod, open, type SignedMethod, shown, signed } from './method.ts';
import { onEach, published } from './offers.ts';

type Parts = {
  readonly sessions: SessionCommands;
  readonly sessionQueries: SessionQueries;
  readonly discover: DiscoverQueries;
  readonly notices: Pick<Notices, 'discovered'>;
  readonly limits: RondevuLimits;
};

type Offer = Omit<OfferPage['offers'][number], 'order'>;
type Service = NonNullable<Offer['service']>;

/** How many offers of one service are looked through to find each name's oldest: what bounds an open call. */
const MAX_OFFERS_SEEN = 10_000;
const OFFERS_A_PAGE = 1_000;

/** The live sessions of exactly this service. */
const sessionsOf = async (sessionQueries: SessionQueries, owner: string, service: Service) =>
  (await sessionQueries.livePublishedBy(owner)).filter(
    (session) => session.service?.name === service.name && session.service.version === service.version,
  );

/** A service is published anew: what its owner had under that name goes first. */
export const publishService = ({ sessions, sessionQueries, limits }: Parts): SignedMethod =>
  signed(async ({ params, caller, context }) => {
    const named = readOwnedServiceName(params.serviceFqn);
    if (named instanceof Failure) return named;
    if (named.owner !== caller) return fail('OWNERSHIP_MISMATCH');
    const offers = readOffers(params, limits);
    if (offers instanceof Failure) return offers;
    const service = { name: named.name, version: named.version };
    const before = await sessionsOf(sessionQueries, caller, service);
    const replaced = await onEach(before, ({ sessionId }) => sessions.withdraw(caller, sessionId, 'replaced', context));
    if (replaced instanceof Failure) return replaced;

    const serviceFqn = formatServiceName(service, caller);
    const outcome = await sessions.publish(caller, { tags: [], service, ...offers }, context);
    const answer = answered(outcome, (value) => ({
      serviceId: serviceIdOf(serviceFqn),
      username: caller,
      serviceFqn,
      ...published(value),
    }));
    return answer instanceof Failure ? answer : { ...answer, writes: [...replaced.writes, ...answer.writes] };
  }, 'ttl');

export const deleteService = ({ sessions, sessionQueries }: Parts): SignedMethod =>
  signed(async ({ params, caller, context }) => {
    const service = readOwnedServiceName(params.serviceFqn);
    if (service instanceof Failure) return service;
    const offers = await sessionsOf(sessionQueries, service.owner, service);
    if (offers.length === 0) return fail('OFFER_NOT_FOUND', 'There is no such service');
    if (service.owner !== caller) return fail('NOT_AUTHORIZED');
    const deleted = await onEach(offers, ({ sessionId }) => sessions.withdraw(caller, sessionId, 'withdrawn', context));
    return deleted instanceof Failure ? deleted : { result: { success: true }, writes: deleted.writes };
  });

/** Three ways to ask: for a page of names, for somebody's service, or for anyone's. */
export const getOffer = ({ sessionQueries, discover, notices }: Parts): OpenMethod => {
  const showing = (offer: Offer) => {
    notices.discovered([offer]);
    return shown(entryOf(offer));
  };

  /** One offer for each publisher, the oldest. */
  const oldestOfEach = async (service: Service, except: string | null): Promise<readonly Offer[]> => {
    const filter = { tags: [], service: { name: service.name, range: rangeFor(service.version) }, except };
    const oldest = new Map<string, Offer>();
    let cursor: string | null = null;
    for (let seen = 0; seen < MAX_OFFERS_SEEN; seen += OFFERS_A_PAGE) {
      const page: OfferPage | 'invalid_cursor' = await discover.page(filter, OFFERS_A_PAGE, cursor);
      if (page === 'invalid_cursor') throw new Error('A cursor that was just given is not taken.');
      // Newest first, so the last one that stays for a publisher is the oldest.
      for (const offer of page.offers) oldest.set(offer.publisher, offer);
      cursor = page.cursor;
      if (cursor === null) break;
    }
    return [...oldest.values()];
  };

  /** Of the very version that was named, where there is one; else of any that serves. */
  const oldestOf = async (owner: string, service: Service) => {
    const live = await sessionQueries.livePublishedBy(owner);
    const serving = live.filter((s) => s.service?.name === service.name && serves(s.service.version, service.version));
    if (serving.length === 0) return fail('OFFER_NOT_FOUND', 'There is no such service');
    const open = serving.filter((session) => session.state === 'open');
    const offer = open.find((session) => session.service?.version === service.version) ?? open[0];
    return offer ? showing(offer) : fail('NO_AVAILABLE_OFFERS');
  };

  return open(async ({ params, claimed }) => {
    const service = readServiceName(params.serviceFqn);
    if (service instanceof Failure) return service;
    const page = readPage(params);
    if (page instanceof Failure) return page;
    if (page !== null) {
      const all = await oldestOfEach(service, claimed);
      const onPage = all.slice(page.offset, page.offset + page.limit);
      notices.discovered(onPage);
      const services = onPage.map(entryOf);
      return shown({ services, count: services.length, ...page });
    }
    if (service.owner !== null) return oldestOf(service.owner, service);
    const range = rangeFor(service.version);
    const offer = await discover.random({ tags: [], service: { name: service.name, range }, except: null });
    return offer ? showing(offer) : fail('OFFER_NOT_FOUND', 'Nobody offers this service');
  });
};

const entryOf = ({ service, publisher, sessionId, sdp, createdAt, expiresAt }: Offer) => {
  const serviceFqn = service ? formatServiceName(service, publisher) : '';
  return {
    serviceId: serviceIdOf(serviceFqn),
    username: publisher,
    serviceFqn,
    offerId: sessionId,
    sdp,
    createdAt,
    expiresAt,
  };
};

/** The methods that only name the service beside the offer: it has to be there, and is compared where they say so. */
export const withService = (method: SignedMethod): SignedMethod => ({
  ...method,
  run: async (call) => {
    const serviceFqn = readText(call.params, 'serviceFqn');
    return serviceFqn instanceof Failure ? serviceFqn : method.run(call);
  },
});
