import { candidatesInWords, candidatesWithin } from './candidates.js';
import { clockOf } from './time.js';

/** @import { Entry, Lane, Payload, Step, Timeline } from './shapes.ts' */

/** @typedef {Pick<Step, 'from' | 'to' | 'label' | 'mark'> & { readonly at?: number }} Drawn */
/** @typedef {(identity: unknown) => Lane} LaneOf */

/**
 * What happened in a session, in the order of when it happened. Deliveries and refusals are recorded together some time
 * later; each stands where it took place.
 * @param {Pick<Timeline, 'offerer' | 'answerer' | 'entries'>} timeline
 * @returns {readonly Step[]}
 */
export const stepsOf = ({ offerer, answerer, entries }) => {
  // Who they were is sealed and may be gone. Who caused an event is in its envelope, and stays.
  const offering = offerer ?? actorOf(entries, 'OfferPublished');
  const answering = answerer ?? actorOf(entries, 'OfferAnswered');
  /** @type {LaneOf} */
  const laneOf = (identity) => {
    if (identity === null || identity === undefined) return 'others';
    return identity === offering ? 'offerer' : identity === answering ? 'answerer' : 'others';
  };
  const steps = entries.flatMap((entry) => {
    const { payload } = entry;
    const drawn =
      payload === null ? [unreadable(entry, laneOf)] : (DRAW[entry.type]?.(payload, laneOf) ?? [other(entry)]);
    return drawn.map((one, index) => ({ at: entry.at, ...one, entry, key: `${entry.eventId}/${index}` }));
  });
  return steps.toSorted((a, b) => a.at - b.at || a.entry.position - b.entry.position);
};

/** @param {readonly Entry[]} entries @param {string} type */
const actorOf = (entries, type) => entries.find((entry) => entry.type === type)?.actor;

/** @param {Entry} entry @returns {Drawn} */
const other = ({ type }) => ({ from: 'server', to: 'server', label: inWords(type), mark: 'quiet' });

const SENT_BY_A_PARTY = new Set([
  ...['OfferPublished', 'SessionRetagged', 'OfferAnswered', 'CandidatesAdded', 'CandidatesHeld', 'SessionWithdrawn'],
  'ConnectionReported',
]);

/** @param {Entry} entry @param {LaneOf} laneOf @returns {Drawn} */
const unreadable = ({ type, actor }, laneOf) => ({
  ...{ from: SENT_BY_A_PARTY.has(type) ? laneOf(actor) : 'server', to: 'server' },
  ...{ label: `${inWords(type)}, unreadable`, mark: 'unreadable' },
});

/** `offer published` @param {string} type */
export const inWords = (type) => type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();

/** @param {unknown} value @returns {readonly any[]} */
const list = (value) => (Array.isArray(value) ? value : []);

/** @param {unknown} count */
const times = (count) => (typeof count === 'number' && count > 1 ? ` ×${count}` : '');

/** @param {string} label @param {string} more */
const joined = (label, more) => (more === '' ? label : `${label}, ${more}`);

/** @type {Readonly<Record<string, string>>} */
const DELIVERED = { answer: 'answer fetched', end: 'told of the end' };

/** What each event draws. @type {Readonly<Record<string, (data: Payload, laneOf: LaneOf) => readonly Drawn[]>>} */
const DRAW = {
  OfferPublished: ({ tags, sdp }) => [
    said(
      'offerer',
      joined(`offer${list(tags).length > 0 ? ` · ${list(tags).join(', ')}` : ''}`, candidatesWithin(sdp)),
    ),
  ],
  SessionRetagged: ({ tags }) => [said('offerer', `new tags · ${list(tags).join(', ')}`)],
  OfferAnswered: ({ sdp }) => [said('answerer', joined('answer', candidatesWithin(sdp)))],
  CandidatesAdded: ({ role, candidates }) => [
    said(role === 'offerer' ? 'offerer' : 'answerer', candidatesInWords(list(candidates))),
  ],
  CandidatesHeld: ({ identity, candidates }, laneOf) => [
    said(laneOf(identity), `${candidatesInWords(list(candidates))}, held back`),
  ],
  SessionWithdrawn: ({ reason }) => [said('offerer', reason === 'replaced' ? 'replaced by a new offer' : 'withdrawn')],
  SessionExpired: ({ was, dueAt }) => [
    {
      ...note(`expired ${was === 'open' ? 'before an answer' : 'after the answer'}, due ${timeIn(dueAt)}`),
      mark: was === 'open' ? 'bad' : 'none',
    },
  ],
  SessionRedacted: ({ reason }) => [
    { ...note(`key destroyed (${reason}): payloads are unreadable for ever`), mark: 'unreadable' },
  ],
  OfferDiscovered: ({ firstShownAt }) => [
    { ...note('offer shown to somebody for the first time'), mark: 'quiet', ...happened(firstShownAt) },
  ],
  DeliveriesRecorded: ({ deliveries }) =>
    list(deliveries).map(({ role, what, upTo, firstAt }) => ({
      from: 'server',
      to: role === 'offerer' ? 'offerer' : 'answerer',
      label: DELIVERED[what] ?? `candidates fetched, ${upTo} in all`,
      mark: 'quiet',
      ...happened(firstAt),
    })),
  RefusalsCounted: ({ refusals }, laneOf) =>
    list(refusals).map(({ code, operation, identity, count, firstAt }) => ({
      ...said(laneOf(identity), `${operation} refused: ${code}${times(count)}`),
      mark: 'refused',
      ...happened(firstAt),
    })),
  ConnectionReported: ({ role, outcome, localCandidateType, remoteCandidateType, roundTripTimeMs }) => {
    const pair = localCandidateType && remoteCandidateType ? `${localCandidateType} ↔ ${remoteCandidateType}` : '';
    const trip = typeof roundTripTimeMs === 'number' ? `${roundTripTimeMs} ms` : '';
    return [
      {
        ...said(
          role === 'offerer' ? 'offerer' : 'answerer',
          [`reports: ${outcome}`, pair, trip].filter(Boolean).join(', '),
        ),
        mark: outcome === 'connected' ? 'good' : 'bad',
      },
    ];
  },
  ProcessStarted: ({ role, version }) => [{ ...note(`process started: ${role} ${version}`), mark: 'quiet' }],
  ObservationsDropped: ({ sessions }) => [
    { ...note(`some of what was noticed was dropped, of ${sessions} sessions`), mark: 'quiet' },
  ],
};

/** @param {Lane} from @param {string} label @returns {Drawn} */
const said = (from, label) => ({ from, to: 'server', label, mark: 'none' });

/** @param {string} label @returns {Drawn} */
const note = (label) => ({ from: 'server', to: 'server', label, mark: 'none' });

/** @param {unknown} at */
const happened = (at) => (typeof at === 'number' ? { at } : {});

/** @param {unknown} at */
const timeIn = (at) => (typeof at === 'number' ? clockOf(at) : 'at an unknown time');
