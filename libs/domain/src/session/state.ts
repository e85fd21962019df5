import type { Opaque, SessionEvent } from './events.ts';

export type Held = {
  readonly identity: string;
  readonly candidates: readonly Opaque[];
  readonly batchIds: readonly string[];
};

/** How many candidates a role has, and the batches they came in (a batch is at least one, so this is bounded too). */
export type Trickled = { readonly count: number; readonly batchIds: readonly string[] };

export type Open = {
  readonly status: 'open';
  readonly publisher: string;
  readonly tags: readonly string[];
  readonly sdp: string;
  readonly publishedAt: number;
  readonly expiresAt: number;
  readonly offerer: Trickled;
  /** Oldest first. */
  readonly held: readonly Held[];
  /** How often candidates were held in this session, evicted ones included. */
  readonly timesHeld: number;
};

export type Answered = {
  readonly status: 'answered';
  readonly publisher: string;
  readonly tags: readonly string[];
  readonly publishedAt: number;
  readonly answerer: string;
  readonly answer: string;
  readonly answeredAt: number;
  readonly expiresAt: number;
  readonly offerer: Trickled;
  readonly answering: Trickled;
};

export type Ended = {
  readonly status: 'ended';
  readonly how: 'withdrawn' | 'expired' | 'redacted';
  /** When it ended: for an expiry its due time, however late it was recorded. */
  readonly endedAt: number;
  /** Null: nobody knows any more. */
  readonly publisher: string | null;
  readonly answerer: string | null;
};

export type Session = { readonly status: 'absent' } | Open | Answered | Ended;

const nothing: Trickled = { count: 0, batchIds: [] };

const withBatch = ({ count, batchIds }: Trickled, added: number, batchId: string): Trickled => ({
  count: count + added,
  batchIds: batchIds.includes(batchId) ? batchIds : [...batchIds, batchId],
});

/** Total: an event that does not fit the state leaves it as it is, so that no stored history can make it throw. */
export const evolve = (session: Session, event: SessionEvent): Session => {
  switch (event.type) {
    case 'OfferPublished': {
      if (session.status !== 'absent') return session;
      const { publisher, tags, sdp, publishedAt, expiresAt } = event.data;
      return { status: 'open', publisher, tags, sdp, publishedAt, expiresAt, offerer: nothing, held: [], timesHeld: 0 };
    }
    case 'SessionRetagged':
      return session.status === 'open' || session.status === 'answered'
        ? { ...session, tags: event.data.tags }
        : session;
    case 'OfferAnswered': {
      if (session.status !== 'open') return session;
      const { publisher, tags, publishedAt, offerer, held } = session;
      const { answerer, sdp, answeredAt, expiresAt } = event.data;
      // What the winner sent ahead comes with the next event, all in one batch; its own batches stay known one by one.
      const ahead = held.find((one) => one.identity === answerer);
      return {
        status: 'answered',
        ...{ publisher, tags, publishedAt, offerer, answerer, answeredAt, expiresAt },
        answer: sdp,
        answering: { count: 0, batchIds: ahead?.batchIds ?? [] },
      };
    }
    case 'CandidatesAdded': {
      const { role, candidates, batchId } = event.data;
      if (session.status !== 'open' && session.status !== 'answered') return session;
      if (role === 'offerer') return { ...session, offerer: withBatch(session.offerer, candidates.length, batchId) };
      return session.status === 'answered'
        ? { ...session, answering: withBatch(session.answering, candidates.length, batchId) }
        : session;
    }
    case 'CandidatesHeld': {
      if (session.status !== 'open') return session;
      const { identity, candidates, batchId, evicted } = event.data;
      const before = session.held.find((held) => held.identity === identity);
      const held: Held = {
        identity,
        candidates: [...(before?.candidates ?? []), ...candidates],
        batchIds: [...(before?.batchIds ?? []), batchId],
      };
      const others = session.held.filter((other) => other.identity !== identity && other.identity !== evicted);
      return { ...session, held: [...others, held], timesHeld: session.timesHeld + 1 };
    }
    case 'SessionWithdrawn':
      return ended(session, 'withdrawn', event.data.withdrawnAt);
    case 'SessionExpired':
      return ended(session, 'expired', event.data.dueAt);
    case 'SessionRedacted':
      return { status: 'ended', how: 'redacted', endedAt: event.data.redactedAt, publisher: null, answerer: null };
  }
};

const ended = (session: Session, how: 'withdrawn' | 'expired', endedAt: number): Session =>
  session.status === 'open' || session.status === 'answered'
    ? {
        status: 'ended',
        how,
        endedAt,
        publisher: session.publisher,
        answerer: session.status === 'answered' ? session.answerer : null,
      }
    : session;
