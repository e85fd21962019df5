import type { SessionEvent } from '@signalbox/domain';
import { idOf, type Projection } from '@signalbox/event-sourcing';
import type { DiscoveryRow } from '../rows.ts';

const gone = () => ({ row: undefined });

/** Open offers. An offer leaves with its answer or its end. */
export const discovery: Projection<SessionEvent, DiscoveryRow> = {
  name: 'discovery@1',
  category: 'session',
  on: {
    OfferPublished: (_, { stream, position, event }) => {
      const { publisher, tags, service, sdp, publishedAt, expiresAt } = event.data;
      const sessionId = idOf(stream);
      return { row: { sessionId, publisher, tags, service, sdp, createdAt: publishedAt, expiresAt, order: position } };
    },
    SessionRetagged: (row, { event }) => ({ row: row && { ...row, tags: event.data.tags } }),
    OfferAnswered: gone,
    CandidatesAdded: 'ignored',
    CandidatesHeld: 'ignored',
    SessionWithdrawn: gone,
    SessionExpired: gone,
    SessionRedacted: gone,
  },
};
