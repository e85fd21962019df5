import type { FeedItem, FeedPage, FeedPoint, Feeds } from '@signalbox/read-models';
import { feedCursor } from './cursor.ts';

export type FeedAnswer = {
  readonly items: readonly (FeedItem & { readonly cursor: string })[];
  /** Where to go on. It may move without items: as far as the log has been read. */
  readonly cursor: string;
  readonly recovered: boolean;
};

/** What an identity is told, by cursor for clients of v1, by time for clients of Rondevu. Reading consumes nothing. */
export interface FeedQueries {
  /**
   * Items beyond the cursor (null: from the first that is kept). With `waitMs`, an empty answer is held back until
   * something comes, the time is over, or `signal` aborts.
   */
  read(
    identity: string,
    options: {
      readonly cursor: string | null;
      readonly limit: number;
      readonly waitMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<FeedAnswer | 'invalid_cursor'>;
  /** The other party's candidates of one session, as items of the feed. */
  readSession(
    identity: string,
    sessionId: string,
    options: { readonly cursor: string | null; readonly limit: number },
  ): Promise<FeedAnswer | 'invalid_cursor'>;
  since(identity: string, since: number): Promise<readonly FeedItem[]>;
  sessionSince(identity: string, sessionId: string, since: number): Promise<readonly FeedItem[]>;
}

export const createFeedQueries = (options: {
  readonly feeds: Feeds;
  /** Runs `work` once after `ms`; answers with how to call it off. */
  readonly after: (ms: number, work: () => void) => () => void;
}): FeedQueries => {
  const { feeds, after } = options;

  /** Null for a reader without a cursor, undefined for a cursor that is none. */
  const pointOf = (cursor: string | null) => (cursor === null ? null : feedCursor.decode(cursor));

  const answer = ({ items, points, point, recovered }: FeedPage): FeedAnswer => ({
    items: items.map((item, index) => ({ ...item, cursor: feedCursor.encode(points[index] ?? point) })),
    cursor: feedCursor.encode(point),
    recovered,
  });

  const waitForChange = async (identity: string, point: FeedPoint, waitMs: number, signal: AbortSignal) => {
    const over = new AbortController();
    const callOff = after(waitMs, () => over.abort());
    try {
      await feeds.changed(identity, point, AbortSignal.any([signal, over.signal]));
    } finally {
      callOff();
    }
  };

  return {
    read: async (identity, { cursor, limit, waitMs, signal }) => {
      const point = pointOf(cursor);
      if (point === undefined) return 'invalid_cursor';
      const page = await feeds.read(identity, point, limit);
      // A reader that may have missed something is told so at once.
      if (page.items.length > 0 || waitMs === 0 || !page.recovered) return answer(page);
      await waitForChange(identity, page.point, waitMs, signal);
      return answer(await feeds.read(identity, point, limit));
    },
    readSession: async (identity, sessionId, { cursor, limit }) => {
      const point = pointOf(cursor);
      if (point === undefined) return 'invalid_cursor';
      return answer(await feeds.readSession(identity, sessionId, point, limit));
    },
    since: (identity, since) => feeds.since(identity, since),
    sessionSince: (identity, sessionId, since) => feeds.sessionSince(identity, sessionId, since),
  };
};
