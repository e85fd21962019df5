import type { FeedAnswer } from '@signalbox/queries';
import type { DiscoveryRow, FeedItem, Service, SessionRow } from '@signalbox/read-models';

/** Rows as HTTP v1 shows them. */

const presentService = (service: Service | null) => (service ? { service: `${service.name}@${service.version}` } : {});

export const presentOffer = ({ sessionId, publisher, tags, service, sdp, createdAt, expiresAt }: DiscoveryRow) => ({
  ...{ sessionId, publisher, tags: [...tags], sdp, createdAt, expiresAt },
  ...presentService(service),
});

export const presentSession = (session: SessionRow, caller: string) => ({
  sessionId: session.sessionId,
  state: session.answer ? ('answered' as const) : ('open' as const),
  role: session.publisher === caller ? ('offerer' as const) : ('answerer' as const),
  tags: [...session.tags],
  ...presentService(session.service),
  offer: { publisher: session.publisher, sdp: session.sdp, createdAt: session.createdAt },
  ...(session.answer && { answer: presentAnswer(session.answer) }),
  candidates: { offerer: session.offererCandidates, answerer: session.answererCandidates },
  createdAt: session.createdAt,
  expiresAt: session.expiresAt,
});

const presentAnswer = ({ answerer, sdp, matchedTags, answeredAt }: NonNullable<SessionRow['answer']>) => ({
  ...{ answerer, sdp, answeredAt },
  ...(matchedTags && { matchedTags: [...matchedTags] }),
});

/** Candidate i of an item has the time `at + i`: times grow strictly, so each tells its candidate apart. */
export const presentCandidates = (items: FeedAnswer['items']) =>
  items.flatMap(({ at, delivered }) =>
    delivered.type === 'candidates'
      ? delivered.candidates.map((candidate, i) => ({ candidate, createdAt: at + i }))
      : [],
  );

export const presentItem = ({ at, sessionId, delivered, cursor }: FeedItem & { readonly cursor: string }) => {
  const head = { cursor, at, sessionId };
  switch (delivered.type) {
    case 'answered': {
      const { answerer, sdp, matchedTags } = delivered;
      return { ...head, type: 'answered' as const, answerer, sdp, ...(matchedTags && { matchedTags }) };
    }
    case 'candidates': {
      const { from, role, candidates } = delivered;
      return { ...head, type: 'candidates' as const, from, role, candidates };
    }
    case 'withdrawn':
      return { ...head, type: 'withdrawn' as const, reason: delivered.reason };
    case 'expired':
      return { ...head, type: 'expired' as const, was: delivered.was };
  }
};
