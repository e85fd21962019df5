import type { PublishedSession, Refusal, Result, SessionCommands, Write } from '@signalbox/commands';
import type { SessionQueries } from '@signalbox/queries';
import { wordsOf } from '../dialect.ts';
import { Failure, fail, failureOf } from '../failure.ts';
import type { RondevuLimits } from '../options.ts';
import { readOffers, readTags, readText } from '../params.ts';
import { answered, type SignedMethod, signed } from './method.ts';

type Parts = {
  readonly sessions: SessionCommands;
  readonly sessionQueries: SessionQueries;
  readonly limits: RondevuLimits;
};

/** What every dialect says of offers that were just published: the members of its own come before these. */
export const published = (offers: readonly PublishedSession[]) => ({
  offers: offers.map(({ sessionId, sdp, createdAt, expiresAt }) => ({ offerId: sessionId, sdp, createdAt, expiresAt })),
  createdAt: offers[0]?.createdAt,
  expiresAt: offers[0]?.expiresAt,
});

/** Upstream looks at how much there is before it looks into the offers; here that is counted last, and bounds the same. */
export const publishOffer = ({ sessions, limits }: Parts): SignedMethod =>
  signed(async ({ params, dialect, caller, context }) => {
    const tags = readTags(params);
    if (tags instanceof Failure) return tags;
    const offers = readOffers(params, limits);
    if (offers instanceof Failure) return offers;
    const outcome = await sessions.publish(caller, { tags, service: null, ...offers }, context);
    return answered(outcome, (value) => ({ [wordsOf[dialect].identity]: caller, tags, ...published(value) }));
  }, 'ttl');

/** Whatever is not a live offer of the caller's is not the caller's to delete: nobody learns which offers exist. */
export const deleteOffer = ({ sessions }: Parts): SignedMethod =>
  signed(async ({ params, caller, context }) => {
    const offerId = readText(params, 'offerId');
    if (offerId instanceof Failure) return offerId;
    const outcome = await sessions.withdraw(caller, offerId, 'withdrawn', context);
    if (outcome.kind === 'refused' && outcome.refusal.code === 'contended') return failureOf(outcome.refusal);
    if (outcome.kind === 'refused' || !outcome.changed) return fail('NOT_AUTHORIZED');
    return { result: { success: true }, writes: outcome.writes };
  });

/** All live offers of the caller, answered ones too. */
export const updateOfferTags = ({ sessions, sessionQueries }: Parts): SignedMethod =>
  signed(async ({ params, caller, context }) => {
    const tags = readTags(params);
    if (tags instanceof Failure) return tags;
    const own = await sessionQueries.livePublishedBy(caller);
    const changed = await onEach(own, ({ sessionId }) => sessions.retag(caller, sessionId, tags, context));
    if (changed instanceof Failure) return changed;
    return { result: { success: true, count: changed.count }, writes: changed.writes };
  });

/** The same command on several sessions. One that has ended meanwhile is left out; a lost race is told. */
export const onEach = async <S>(
  all: readonly S[],
  command: (one: S) => Promise<Result<null>>,
): Promise<{ readonly count: number; readonly writes: readonly Write[] } | Failure> => {
  const outcomes = await Promise.all(all.map(command));
  const done = outcomes.filter((outcome) => outcome.kind === 'done');
  const refusal = outcomes.find((outcome) => outcome.kind === 'refused' && !hasEnded(outcome.refusal));
  if (refusal?.kind === 'refused') return failureOf(refusal.refusal);
  return { count: done.length, writes: done.flatMap((outcome) => outcome.writes) };
};

const hasEnded = (refusal: Refusal) => refusal.code === 'session_ended' || refusal.code === 'offer_not_found';
