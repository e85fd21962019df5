import type { FeedItem, FeedPage, Feeds } from '@signalbox/read-models';
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

  /** A cursor of another numbering (the log was replaced) starts over, and the client is told. */
  const startOf = (cursor: string | null) => {
    if (cursor === null) return { sequence: 0, known: true };
    const decoded = feedCursor.decode(cursor);
    if (!decoded) return undefined;
    return decoded.epoch === feeds.epoch ? { sequence: decoded.sequence, known: true } : { sequence: 0, known: false };
  };

  const answer = (page: FeedPage, known: boolean): FeedAnswer => ({
    items: page.items.map((item) => ({ ...item, cursor: feedCursor.encode(feeds.epoch, item.sequence) })),
    cursor: feedCursor.encode(feeds.epoch, page.sequence),
    recovered: known && page.recovered,
  });

  const waitForChange = async (identity: string, sequence: number, waitMs: number, signal: AbortSignal) => {
    const over = new AbortController();
    const callOff = after(waitMs, () => over.abort());
    await feeds.changed(identity, sequence, AbortSignal.any([signal, over.signal]));
    callOff();
  };

  return {
    read: async (identity, { cursor, limit, waitMs, signal }) => {
      const start = startOf(cursor);
      if (!start) return 'invalid_cursor';
      const page = await feeds.read(identity, start.sequence, limit);
      if (page.items.length > 0 || waitMs === 0 || !start.known) return answer(page, start.known);
      await waitForChange(identity, page.sequence, waitMs, signal);
      return answer(await feeds.read(identity, start.sequence, limit), start.known);
    },
    readSession: async (identity, sessionId, { cursor, limit }) => {
      const start = startOf(cursor);
      if (!start) return 'invalid_cursor';
      return answer(await feeds.readSession(identity, sessionId, start.sequence, limit), start.known);
    },
    since: (identity, since) => feeds.since(identity, since),
    sessionSince: (identity, sessionId, since) => feeds.sessionSince(identity, sessionId, since),
  };
};
