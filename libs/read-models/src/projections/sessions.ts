import type { SessionEvent } from '@signalbox/domain';
import { idOf, type Projection } from '@signalbox/event-sourcing';
import type { SessionRow } from '../rows.ts';

/** Each session as its parties see it, until retention forgets it. Held candidates are nobody's, so not counted. */
export const sessions: Projection<SessionEvent, SessionRow> = {
  name: 'sessions@1',
  category: 'session',
  on: {
    OfferPublished: (_, { stream, event }) => {
      const { publisher, tags, service, sdp, publishedAt, expiresAt } = event.data;
      return {
        row: {
          sessionId: idOf(stream),
          state: 'open',
          ...{ publisher, tags, service, sdp, expiresAt },
          createdAt: publishedAt,
          answer: null,
          offererCandidates: 0,
          answererCandidates: 0,
          endedAt: null,
        },
      };
    },
    SessionRetagged: (row, { event }) => ({ row: row && { ...row, tags: event.data.tags } }),
    OfferAnswered: (row, { event }) => {
      const { answerer, sdp, matchedTags, answeredAt, expiresAt } = event.data;
      return {
        row: row && { ...row, state: 'answered', expiresAt, answer: { answerer, sdp, matchedTags, answeredAt } },
      };
    },
    CandidatesAdded: (row, { event }) => {
      if (!row) return { row };
      const count = event.data.firstIndex + event.data.candidates.length;
      return {
        row:
          event.data.role === 'offerer' ? { ...row, offererCandidates: count } : { ...row, answererCandidates: count },
      };
    },
    CandidatesHeld: 'ignored',
    SessionWithdrawn: (row, { event }) => ({
      row: row && { ...row, state: 'withdrawn', endedAt: event.data.withdrawnAt },
    }),
    SessionExpired: (row, { event }) => ({ row: row && { ...row, state: 'expired', endedAt: event.data.dueAt } }),
    SessionRedacted: () => ({ row: undefined }),
  },
};
