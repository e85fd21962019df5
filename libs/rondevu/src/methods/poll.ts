import type { FeedQueries, Notices, SessionAnswer, SessionQueries } from '@signalbox/queries';
import { type Dialect, wordsOf } from '../dialect.ts';
import { Failure } from '../failure.ts';
import { readSince } from '../params.ts';
import { formatServiceName, serviceIdOf } from '../service-name.ts';
import { candidatesSince } from './candidates.ts';
import { type SignedMethod, shown, signed } from './method.ts';

type Parts = {
  readonly sessionQueries: SessionQueries;
  readonly feed: FeedQueries;
  readonly notices: Pick<Notices, 'delivered'>;
};

type Item = Awaited<ReturnType<FeedQueries['since']>>[number];
type Session = Extract<SessionAnswer, { readonly kind: 'found' }>['session'];

/**
 * What has happened since a time, of live sessions only. Reading consumes nothing.
 *
 * Times are the feed's, which grow strictly for each reader: a client that remembers only the largest it has seen
 * misses nothing, whatever happened in the same millisecond.
 */
export const poll = ({ sessionQueries, feed, notices }: Parts): SignedMethod =>
  signed(async ({ params, dialect, caller }) => {
    const since = readSince(params);
    if (since instanceof Failure) return since;
    const items = await feed.since(caller, since);
    const live = await liveSessions(sessionQueries, caller, new Set(items.map((item) => item.sessionId)));
    const seen = items.flatMap((item) => {
      const session = live.get(item.sessionId);
      return session ? [{ item, session }] : [];
    });
    const answers = seen.flatMap(({ item, session }) => answersIn(item, session, dialect));
    const shownWith = seen.filter(
      ({ session }) => session.publisher === caller || serviceOf(session, dialect) === null,
    );
    notices.delivered(
      caller,
      shownWith.map(({ item }) => item),
    );
    const candidates = shownWith.flatMap(({ item }) => recordsIn(item, since, dialect));
    const byOffer = Map.groupBy(candidates, (record) => record.offerId);
    return shown({ answers: answers.reverse(), iceCandidates: Object.fromEntries(byOffer) });
  }, 'since');

const liveSessions = async (sessionQueries: SessionQueries, caller: string, ids: ReadonlySet<string>) => {
  const found = await Promise.all([...ids].map((id) => sessionQueries.find(caller, id)));
  const live = found.flatMap((answer) => (answer.kind === 'found' ? [answer.session] : []));
  return new Map<string, Session>(live.map((session) => [session.sessionId, session]));
};

/**
 * A poll can't tell which of the two dialects of credentials it speaks; the offer tells, since only those of services
 * have no tags. Their answers bear a `serviceId`, and their answerers are shown no candidates here: clients of that
 * dialect ask for them by offer.
 */
const serviceOf = ({ service, tags, publisher }: Session, dialect: Dialect): string | null =>
  dialect !== 'ed' && service && tags.length === 0 ? formatServiceName(service, publisher) : null;

const answersIn = ({ delivered, sessionId, at }: Item, session: Session, dialect: Dialect) => {
  if (delivered.type !== 'answered') return [];
  const { answerer, sdp, matchedTags } = delivered;
  const serviceFqn = serviceOf(session, dialect);
  return [
    {
      offerId: sessionId,
      ...(serviceFqn === null ? {} : { serviceId: serviceIdOf(serviceFqn) }),
      [wordsOf[dialect].answerer]: answerer,
      sdp,
      answeredAt: at,
      ...(dialect === 'ed' && matchedTags !== null ? { matchedTags } : {}),
    },
  ];
};

/** A record is known by its place in its reader's feed, which no other candidate has. */
const recordsIn = (item: Item, since: number, dialect: Dialect) =>
  candidatesSince(item, since).map(({ candidate, createdAt, from, role }) => ({
    id: `${item.sessionId}/${createdAt}`,
    offerId: item.sessionId,
    [wordsOf[dialect].identity]: from,
    role,
    candidate,
    createdAt,
  }));
