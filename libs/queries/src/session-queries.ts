import type { SessionRow, Sessions } from '@signalbox/read-models';

export type SessionAnswer =
  | { readonly kind: 'found'; readonly session: SessionRow }
  | {
      readonly kind: 'ended';
      readonly how: 'withdrawn' | 'expired';
      readonly endedAt: number;
      readonly session: SessionRow;
    }
  /** There is none, or the caller is no party to it. */
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_a_party'; readonly session: SessionRow };

/** Sessions as their parties may see them. */
export interface SessionQueries {
  find(caller: string, sessionId: string): Promise<SessionAnswer>;
  livePublishedBy(identity: string): Promise<readonly SessionRow[]>;
  liveCount(): Promise<number>;
}

export const isParty = (session: SessionRow, identity: string): boolean =>
  session.publisher === identity || session.answer?.answerer === identity;

export const createSessionQueries = (options: {
  readonly sessions: Sessions;
  readonly now: () => number;
}): SessionQueries => {
  const { sessions, now } = options;
  return {
    find: async (caller, sessionId) => {
      const session = await sessions.find(sessionId);
      if (!session) return { kind: 'not_found' };
      const ended = endOf(session, now());
      if (!isParty(session, caller)) return ended ? { kind: 'not_found' } : { kind: 'not_a_party', session };
      return ended ? { kind: 'ended', ...ended, session } : { kind: 'found', session };
    },
    livePublishedBy: (identity) => sessions.livePublishedBy(identity, now()),
    liveCount: () => sessions.liveCount(now()),
  };
};

/** A session whose due time has come has ended, though the event that says so may still be on its way. */
const endOf = (session: SessionRow, now: number) => {
  if (session.state === 'withdrawn' || session.state === 'expired') {
    return { how: session.state, endedAt: session.endedAt ?? session.expiresAt };
  }
  return now >= session.expiresAt ? { how: 'expired' as const, endedAt: session.expiresAt } : undefined;
};
