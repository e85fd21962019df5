import { systemClock } from '@signalbox/runtime';
import { type Caller, type Feed, type FeedItem, prepare, transmit } from '../../support/client.ts';
import { away, unlessAway } from '../../support/feed-readers.ts';
import { interval } from '../../support/real-time.ts';
import type { Target } from '../../support/server.ts';
import { type Notes, note, reasonToWait } from './client.ts';

const WAIT_S = 3;

/** What one identity was told, session by session, in the order in which it was told. */
export type FeedReader = {
  readonly identity: string;
  readonly told: ReadonlyMap<string, readonly string[]>;
  /** How many items that is in all. */
  count(): number;
  /** Polls that were answered. */
  polls(): number;
  /** What went wrong, in words: it stays empty. */
  readonly faults: readonly string[];
  stop(): Promise<void>;
};

/** An item in words, without what the server chooses: its cursor and its time. */
export const wordsOf = ({ type, sdp, candidates }: Pick<FeedItem, 'type' | 'sdp' | 'candidates'>): string => {
  if (type === 'answered') return `answered ${sdp?.slice(9, 45)}`;
  return type === 'candidates' ? `candidates ${JSON.stringify(candidates)}` : type;
};

/** Reads a feed by long-poll from its beginning on, as a client does that keeps its cursor and nothing else. */
export const readFeed = (target: Target, by: Caller, notes: Notes): FeedReader => {
  const told = new Map<string, string[]>();
  const cursors = new Set<string>();
  const faults: string[] = [];
  const ending = new AbortController();
  let cursor: string | null = null;
  let [count, polls] = [0, 0];

  const poll = async () => {
    const path = `/v1/feed${cursor === null ? '' : `?cursor=${cursor}`}`;
    const request = { method: 'GET', path, headers: { prefer: `wait=${WAIT_S}` } };
    const answer = await unlessAway(() => transmit<Feed>(target, prepare(target, by, request)));
    if (answer === away) return note(notes, 'no answer');
    if (answer.status !== 200) {
      const reason = answer.status === 401 ? '401' : reasonToWait(answer);
      if (reason === null) throw new Error(`the feed answered ${answer.status} ${answer.text}`);
      note(notes, reason);
      return interval(100);
    }
    polls++;
    const { items, cursor: next, recovered } = answer.body;
    if (!recovered) faults.push(`after ${count} items the server has lost track of the cursor ${cursor}`);
    for (const item of items) {
      if (cursors.has(item.cursor)) faults.push(`the cursor ${item.cursor} twice`);
      cursors.add(item.cursor);
      told.set(item.sessionId, [...(told.get(item.sessionId) ?? []), wordsOf(item)]);
      count++;
    }
    cursor = next;
  };

  const reading = (async () => {
    while (!ending.signal.aborted) await poll();
  })().catch((error: unknown) => {
    faults.push(String(error));
  });

  return {
    ...{ identity: by.identity, told, faults, count: () => count, polls: () => polls },
    stop: async () => {
      ending.abort();
      await reading;
    },
  };
};

/** One answer to a reader that brings no consistency token: what it was, and when it came. */
export type Look = { readonly at: number; readonly said: string };

/** Looks at a page of offers again and again, and keeps every look that failed. */
export const watchDiscovery = (target: Target, by: Caller, tag: string, everyMs: number) => {
  const failed: Look[] = [];
  const faults: string[] = [];
  const ending = new AbortController();
  let looks = 0;

  const look = async () => {
    const url = `${target.url}/v1/sessions?tag=${tag}&limit=100`;
    const headers = by.headersFor({ method: 'GET', url, body: null });
    const answer = await unlessAway(() =>
      transmit<{ readonly sessions: readonly { readonly sessionId: string }[] }>(target, {
        ...{ method: 'GET', url, headers, body: null },
      }),
    );
    looks++;
    if (answer !== away && answer.status === 200) {
      const ids = answer.body.sessions.map(({ sessionId }) => sessionId);
      if (new Set(ids).size < ids.length) faults.push(`discovery showed an offer twice: ${ids}`);
      return;
    }
    failed.push({ at: systemClock.now(), said: answer === away ? 'no answer' : `${answer.status} ${answer.text}` });
    if (answer !== away && answer.status !== 401 && reasonToWait(answer) === null) {
      faults.push(`discovery answered ${answer.status} ${answer.text}`);
    }
  };

  const watching = (async () => {
    while (!ending.signal.aborted) {
      await look();
      await interval(everyMs);
    }
  })().catch((error: unknown) => {
    faults.push(String(error));
  });

  return {
    ...{ failed, faults, looks: () => looks },
    stop: async () => {
      ending.abort();
      await watching;
    },
  };
};
