import type { SessionCommands } from '@signalbox/commands';
import type { FeedQueries, Notices, SessionAnswer, SessionQueries } from '@signalbox/queries';
import { Failure, fail } from '../failure.ts';
import { isList, isObject, type Json, type JsonObject, someAtLevel } from '../json.ts';
import type { RondevuLimits } from '../options.ts';
import { readSince, readText } from '../params.ts';
import { formatServiceName } from '../service-name.ts';
import { answered, type SignedCall, type SignedMethod, shown, signed } from './method.ts';

type Parts = {
  readonly sessions: SessionCommands;
  readonly sessionQueries: SessionQueries;
  readonly feed: FeedQueries;
  readonly notices: Pick<Notices, 'delivered'>;
  readonly limits: RondevuLimits;
};

type FeedItem = Awaited<ReturnType<FeedQueries['since']>>[number];

/** Who is who is the decider's business: owner, answerer, someone who may yet answer, or a stranger. */
export const addIceCandidates = ({ sessions, sessionQueries, limits }: Parts): SignedMethod =>
  signed(async (call) => {
    const { params, caller, context } = call;
    const offerId = readText(params, 'offerId');
    if (offerId instanceof Failure) return offerId;
    const candidates = readCandidates(params, limits);
    if (candidates instanceof Failure) return candidates;
    if (call.dialect === 'hf') {
      const wrong = wrongService(call, await sessionQueries.find(caller, offerId));
      if (wrong) return wrong;
    }
    const outcome = await sessions.addCandidates(caller, offerId, candidates, context);
    return answered(outcome, ({ count }) => ({ count, offerId }));
  });

export const getIceCandidates = ({ sessionQueries, feed, notices }: Parts): SignedMethod =>
  signed(async (call) => {
    const { params, caller } = call;
    const offerId = readText(params, 'offerId');
    if (offerId instanceof Failure) return offerId;
    const since = readSince(params);
    if (since instanceof Failure) return since;
    const found = await sessionQueries.find(caller, offerId);
    const wrong = call.dialect === 'hf' ? wrongService(call, found) : undefined;
    if (wrong) return wrong;
    if (found.kind === 'not_a_party') return fail('NOT_AUTHORIZED');
    if (found.kind !== 'found') return fail('OFFER_NOT_FOUND');
    const items = await feed.sessionSince(caller, offerId, since);
    const news = items.filter(({ delivered }) => delivered.type === 'candidates');
    notices.delivered(caller, news);
    const candidates = news.flatMap((item) => candidatesSince(item, since));
    return shown({ candidates: candidates.map(({ candidate, createdAt }) => ({ candidate, createdAt })), offerId });
  }, 'since');

/** The candidates of an item that are later than `since`, each with the time it bears in its reader's feed. */
export const candidatesSince = (item: FeedItem, since: number) => {
  const { delivered, at } = item;
  if (delivered.type !== 'candidates') return [];
  const { from, role } = delivered;
  return delivered.candidates
    .map((candidate, index) => ({ candidate, createdAt: at + index, from, role }))
    .filter(({ createdAt }) => createdAt > since);
};

const readCandidates = (params: JsonObject, limits: RondevuLimits): readonly Json[] | Failure => {
  const candidates = params.candidates;
  if (!isList(candidates) || candidates.length === 0) {
    return fail('MISSING_PARAMS', 'candidates must be a list with something in it');
  }
  if (candidates.length > limits.maxCandidatesPerRequest) {
    return fail('INVALID_PARAMS', `At most ${limits.maxCandidatesPerRequest} candidates may be sent at once`);
  }
  for (const candidate of candidates) {
    if (!isContainer(candidate)) return fail('INVALID_PARAMS', 'Each candidate must be an object');
    // Before it is written out, which costs stack for each level.
    if (someAtLevel(candidate, limits.maxCandidateDepth, isContainer)) {
      return fail('INVALID_PARAMS', 'A candidate is nested too deep');
    }
    if (JSON.stringify(candidate).length > limits.maxCandidateSize) {
      return fail('INVALID_PARAMS', `A candidate may have at most ${limits.maxCandidateSize} characters`);
    }
  }
  return candidates;
};

/** Arrays count as objects here. */
const isContainer = (value: Json) => isObject(value) || isList(value);

/** Where services have names, the caller names the one whose offer it means. */
const wrongService = ({ params }: SignedCall, found: SessionAnswer): Failure | undefined => {
  if (found.kind === 'not_found' || found.kind === 'ended') return fail('OFFER_NOT_FOUND');
  const { service, publisher } = found.session;
  return service && params.serviceFqn === formatServiceName(service, publisher)
    ? undefined
    : fail('INVALID_PARAMS', 'The offer belongs to another service');
};
