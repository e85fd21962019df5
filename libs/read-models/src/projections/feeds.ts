import type { SessionEvent } from '@signalbox/domain';
import { idOf, type Projection, type Seen } from '@signalbox/event-sourcing';
import type { Delivered, FeedOut, FeedSessionRow, FeedTold } from '../rows.ts';

/**
 * Who is told what. The offerer hears of the answer and of the answerer's candidates, the answerer of the offerer's;
 * both hear of the end, unless they brought it about themselves. What was redacted nobody hears of any more.
 */
export const feeds: Projection<SessionEvent, FeedSessionRow, FeedOut> = {
  name: 'feeds@2',
  category: 'session',
  on: {
    OfferPublished: (_, { event }) => ({ row: { publisher: event.data.publisher, answerer: null, waiting: [] } }),
    SessionRetagged: 'ignored',
    OfferAnswered: (row, seen) => {
      if (!row) return { row };
      const { answerer, sdp, matchedTags } = seen.event.data;
      const items = [item(seen, row.publisher, 0, { type: 'answered', answerer, sdp, matchedTags })];
      if (row.waiting.length > 0 && answerer !== row.publisher) {
        items.push(
          item(seen, answerer, 1, {
            type: 'candidates',
            from: row.publisher,
            role: 'offerer',
            candidates: row.waiting,
            firstIndex: 0,
          }),
        );
      }
      return { row: { publisher: row.publisher, answerer, waiting: [] }, out: items };
    },
    CandidatesAdded: (row, seen) => {
      if (!row) return { row };
      const { role, identity, candidates, firstIndex } = seen.event.data;
      const recipient = role === 'answerer' ? row.publisher : row.answerer;
      if (recipient === null) return { row: { ...row, waiting: [...row.waiting, ...candidates] } };
      if (recipient === identity) return { row }; // someone who answered their own offer: nobody else to tell
      const delivered = { type: 'candidates', from: identity, role, candidates, firstIndex } as const;
      return { row, out: [item(seen, recipient, 0, delivered)] };
    },
    CandidatesHeld: 'ignored',
    SessionWithdrawn: (row, seen) => {
      if (!row) return { row };
      const told = row.answerer !== null && row.answerer !== row.publisher ? [row.answerer] : [];
      const { reason } = seen.event.data;
      return { row: undefined, out: told.map((recipient) => item(seen, recipient, 0, { type: 'withdrawn', reason })) };
    },
    SessionExpired: (row, seen) => {
      if (!row) return { row };
      const told = [...new Set([row.publisher, ...(row.answerer === null ? [] : [row.answerer])])];
      const { was } = seen.event.data;
      return { row: undefined, out: told.map((recipient) => item(seen, recipient, 0, { type: 'expired', was })) };
    },
    SessionRedacted: (_, { stream }) => ({ row: undefined, out: [{ takenBack: idOf(stream) }] }),
  },
};

const item = (seen: Seen<SessionEvent>, recipient: string, index: number, delivered: Delivered): FeedTold => ({
  recipient,
  sessionId: idOf(seen.stream),
  recordedAt: seen.recordedAt,
  position: seen.position,
  index,
  delivered,
});
