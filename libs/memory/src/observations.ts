import type { Dropped, Note, Observations, ObservedMinute, ObservedSession } from '@signalbox/read-models';
import { recently } from './recently.ts';

/** Of how many sessions something new is kept at once, and what is known already of how many. */
const MAX_SESSIONS = 10_000;
const MAX_KNOWN = 20_000;
/** In how many ways requests about one session may be refused for each to be told. */
const MAX_REFUSAL_KINDS = 16;
/** How many identities are named that were refused in the same way; the others are counted together, as nobody. */
const MAX_NAMED = 3;
const MAX_NAMES = 64;
const MAX_MINUTES = 120;
const MINUTE_MS = 60_000;

type Of<K extends Note['kind']> = Extract<Note, { readonly kind: K }>;
type Delivery = {
  -readonly [K in keyof ObservedSession['deliveries'][number]]: ObservedSession['deliveries'][number][K];
};
type Refusal = { -readonly [K in keyof ObservedSession['refusals'][number]]: ObservedSession['refusals'][number][K] };

/** What is new of a session. */
type Fresh = {
  /** When the first of it was noticed. */
  readonly since: number;
  discovered: { firstShownAt: number; times: number } | null;
  readonly deliveries: Map<string, Delivery>;
  readonly refusals: Map<string, Refusal>;
};

/** What has been told of a session, so that the same again is no news. */
type Known = {
  isShown: boolean;
  readonly upTo: Map<string, number>;
  /** Of each kind of refusal: those that wait to be told, and with how many they are. */
  readonly refusals: Map<string, { waiting: number; toldWith: number; firstAt: number }>;
};

type Minute = { readonly failures: Map<string, number>; readonly trips: Map<string, number> };

/**
 * Observations in the memory of one process. A look-up in a map tells most notes to be no news: an offer that is shown
 * again, a poll that brings nothing more. Refusals of the same kind are told when they are 1, 4, 16, … more, so that
 * whoever is refused every second makes a few events and not thousands.
 */
export const memoryObservations = (
  bounds: { readonly maxSessions: number } = { maxSessions: MAX_SESSIONS },
): Observations & {
  /** True when there is nothing to take, now or later. */
  isEmpty(): boolean;
} => {
  const fresh = new Map<string, Fresh>();
  const known = recently<string, Known>(MAX_KNOWN);
  const minutes = new Map<number, Minute>();
  let dropped: Dropped | null = null;

  const knownOf = (sessionId: string): Known => {
    const found = known.get(sessionId);
    if (found) return found;
    const made: Known = { isShown: false, upTo: new Map(), refusals: new Map() };
    known.set(sessionId, made);
    return made;
  };

  const freshOf = (sessionId: string, since: number): Fresh => {
    const found = fresh.get(sessionId);
    if (found) return found;
    if (fresh.size >= bounds.maxSessions) dropOldest();
    const made: Fresh = { since, discovered: null, deliveries: new Map(), refusals: new Map() };
    fresh.set(sessionId, made);
    return made;
  };

  const dropOldest = () => {
    for (const [oldest, { since }] of fresh) {
      fresh.delete(oldest);
      lose(since);
      return;
    }
  };

  const lose = (since: number) => {
    dropped = { sessions: (dropped?.sessions ?? 0) + 1, since: Math.min(since, dropped?.since ?? since) };
  };

  const discovered = ({ sessionId, at }: Of<'discovered'>) => {
    const waiting = fresh.get(sessionId)?.discovered;
    if (waiting) {
      waiting.times++;
      return;
    }
    const state = knownOf(sessionId);
    if (state.isShown) return;
    state.isShown = true;
    freshOf(sessionId, at).discovered = { firstShownAt: at, times: 1 };
  };

  const delivered = ({ sessionId, to, role, what, upTo, at }: Of<'delivered'>) => {
    const { upTo: reached } = knownOf(sessionId);
    const place = `${role}/${what}`;
    if (upTo <= (reached.get(place) ?? 0)) return;
    reached.set(place, upTo);
    const { deliveries } = freshOf(sessionId, at);
    const before = deliveries.get(place);
    deliveries.set(place, { to, role, what, upTo, firstAt: before?.firstAt ?? at, lastAt: at });
  };

  const refused = ({ sessionId, code, operation, identity: who, detail, at }: Of<'refused'>) => {
    // Ids can be made up to be refused with: they never take the room of what was really shown and given.
    if (!fresh.has(sessionId) && fresh.size >= bounds.maxSessions / 2) {
      lose(at);
      return;
    }
    const { refusals: kinds } = knownOf(sessionId);
    const way = `${operation}/${code}/`;
    const identity = kinds.has(way + who) || alike(kinds, way) < MAX_NAMED ? who : null;
    const kind = way + identity;
    const state = kinds.get(kind) ?? { waiting: 0, toldWith: 1, firstAt: at };
    if (!kinds.has(kind)) {
      if (kinds.size >= MAX_REFUSAL_KINDS) return;
      kinds.set(kind, state);
    }
    if (state.waiting === 0) state.firstAt = at;
    state.waiting++;
    if (state.waiting < state.toldWith) return;
    const { refusals } = freshOf(sessionId, state.firstAt);
    const before = refusals.get(kind);
    refusals.set(kind, {
      ...{ code, operation, identity, detail, lastAt: at },
      count: (before?.count ?? 0) + state.waiting,
      firstAt: before?.firstAt ?? state.firstAt,
    });
    state.waiting = 0;
    state.toldWith *= 4;
  };

  const counted = (of: keyof Minute, name: string, at: number) => {
    const begin = Math.floor(at / MINUTE_MS) * MINUTE_MS;
    const minute = minutes.get(begin) ?? { failures: new Map(), trips: new Map() };
    if (!minutes.has(begin)) {
      if (minutes.size >= MAX_MINUTES) return;
      minutes.set(begin, minute);
    }
    const counts = minute[of];
    if (counts.has(name) || counts.size < MAX_NAMES) counts.set(name, (counts.get(name) ?? 0) + 1);
  };

  const takeSessions = (limit: number): readonly ObservedSession[] => {
    const taken: ObservedSession[] = [];
    for (const [sessionId, one] of fresh) {
      if (taken.length === limit) break;
      fresh.delete(sessionId);
      const { since, discovered: shown, deliveries, refusals } = one;
      taken.push({
        ...{ sessionId, since, discovered: shown },
        deliveries: [...deliveries.values()],
        refusals: [...refusals.values()],
      });
    }
    return taken;
  };

  const takeMinutes = (now: number): readonly ObservedMinute[] => {
    const over = [...minutes].filter(([minute]) => minute + MINUTE_MS <= now).sort(([a], [b]) => a - b);
    return over.map(([minute, { failures, trips }]) => {
      minutes.delete(minute);
      return { minute, authenticationFailures: listOf(failures), limitTrips: listOf(trips) };
    });
  };

  return {
    note: (note) => {
      switch (note.kind) {
        case 'discovered':
          return discovered(note);
        case 'delivered':
          return delivered(note);
        case 'refused':
          return refused(note);
        case 'unauthenticated':
          return counted('failures', note.reason, note.at);
        case 'limited':
          return counted('trips', note.policy, note.at);
      }
    },
    take: async (limit, now) => {
      const taken = { sessions: takeSessions(limit), minutes: takeMinutes(now), dropped };
      dropped = null;
      return taken;
    },
    isEmpty: () => fresh.size === 0 && minutes.size === 0,
  };
};

/** Whoever has many identities takes no more room with them than with a few. */
const alike = (kinds: ReadonlyMap<string, unknown>, way: string): number => {
  let count = 0;
  for (const kind of kinds.keys()) if (kind.startsWith(way)) count++;
  return count;
};

const listOf = (counts: ReadonlyMap<string, number>) => [...counts].map(([name, count]) => ({ name, count }));
