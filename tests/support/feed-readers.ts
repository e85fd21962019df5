import { until } from '@signalbox/testing';
import { type Caller, v1 } from './client.ts';
import { interval } from './real-time.ts';
import { type RondevuCaller, rpcSend } from './rondevu.ts';
import type { Server } from './server.ts';

/** What a client has learnt of its sessions from its feed alone, in the order in which it was told. */
export type Reading = {
  readonly answers: ReadonlyMap<string, string>;
  readonly candidates: ReadonlyMap<string, readonly unknown[]>;
};

export type Finished = Reading & { readonly twice: readonly unknown[] };

export type Reader = {
  readonly name: string;
  /** Begins to poll; `until` waits for so many answers and candidates, polls a last time, and ends it. */
  readonly start: () => { readonly until: (count: number) => Promise<Finished> };
};

type Notes = {
  readonly answered: (sessionId: string, sdp: string) => void;
  readonly candidates: (sessionId: string, candidates: readonly unknown[]) => void;
};

/** How often it is asked again without anything new, after all has come: what is told twice would be told now. */
const LAST_POLLS = 2;

const reader = (name: string, poll: (notes: Notes) => Promise<void>): Reader => ({
  name,
  start: () => {
    const answers = new Map<string, string>();
    const candidates = new Map<string, unknown[]>();
    const seen = new Set<string>();
    const twice: unknown[] = [];
    const note = (what: unknown) => {
      const text = JSON.stringify(what);
      if (seen.has(text)) twice.push(what);
      seen.add(text);
    };
    const notes: Notes = {
      answered: (sessionId, sdp) => {
        note({ answered: sessionId });
        answers.set(sessionId, sdp);
      },
      candidates: (sessionId, some) => {
        for (const one of some) note(one);
        candidates.set(sessionId, [...(candidates.get(sessionId) ?? []), ...some]);
      },
    };
    let polls = 0;
    let ended = false;
    let failure: unknown = null;
    const polling = (async () => {
      while (!ended) {
        await poll(notes);
        polls++;
      }
    })().catch((error: unknown) => {
      failure = error;
    });
    return {
      until: async (count) => {
        try {
          await until(`${name} has been told ${count} things`, () => failure !== null || seen.size >= count, {
            withinMs: 30_000,
          }).catch(() => undefined); // what is missing is for the test to say
          const after = polls + LAST_POLLS;
          await until(`${name} has asked again`, () => failure !== null || polls >= after);
        } finally {
          ended = true;
        }
        await polling;
        if (failure !== null) throw failure;
        return { answers, candidates, twice };
      },
    };
  },
});

/** Away for a moment, as at a restart; anything else that is not an answer is a failure of the test. */
export const away = Symbol('away');

export const unlessAway = async <T>(ask: () => Promise<T>): Promise<T | typeof away> => {
  try {
    return await ask();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (/ECONN|UND_ERR_SOCKET|EPIPE|UND_ERR_DESTROYED|UND_ERR_CLOSED/.test(code)) {
      await interval(5);
      return away;
    }
    throw error;
  }
};

const byCursor = (name: string, target: () => Server, by: Caller, waitSeconds: number, everyMs: number): Reader => {
  let cursor: string | null = null;
  return reader(name, async (notes) => {
    const answer = await unlessAway(() => v1(target(), by).feed(cursor, waitSeconds));
    if (answer === away || answer.status === 503) return;
    if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${answer.text}`);
    if (!answer.body.recovered) throw new Error(`${name}: the server has lost track of the cursor`);
    for (const item of answer.body.items) {
      if (item.type === 'answered') notes.answered(item.sessionId, item.sdp ?? '');
      if (item.type === 'candidates') notes.candidates(item.sessionId, item.candidates ?? []);
    }
    cursor = answer.body.cursor;
    if (everyMs > 0) await interval(everyMs);
  });
};

export const cursorReader = (target: () => Server, by: Caller, everyMs: number): Reader =>
  byCursor(`a cursor, every ${everyMs} ms`, target, by, 0, everyMs);

export const longPollReader = (target: () => Server, by: Caller): Reader =>
  byCursor('a cursor, by long-poll', target, by, 1, 0);

type Answer = { readonly offerId: string; readonly sdp: string; readonly answeredAt: number };
type Record_ = { readonly offerId: string; readonly candidate: unknown; readonly createdAt: number };

/** As Rondevu's own client does it: one number, the largest time of all it was ever shown, over all of its offers. */
export const sinceReader = (target: () => Server, by: RondevuCaller, everyMs: number): Reader => {
  const name = `since, every ${everyMs} ms`;
  let since = 0;
  return reader(name, async (notes) => {
    const post = await unlessAway(() => rpcSend(target(), by.signed('poll', { since })));
    if (post === away || post.status === 503) return;
    const [answer] = post.results;
    if (answer?.success !== true) {
      // Signed in the millisecond before a restart: the client signs again.
      if (answer?.errorCode === 'INVALID_CREDENTIALS') return;
      throw new Error(`${name}: ${post.status} ${JSON.stringify(answer)}`);
    }
    const answers = answer.result.answers as readonly Answer[];
    const records = Object.values(answer.result.iceCandidates as Readonly<Record<string, readonly Record_[]>>).flat();
    for (const { offerId, sdp } of answers) notes.answered(offerId, sdp);
    for (const { offerId, candidate } of records) notes.candidates(offerId, [candidate]);
    since = Math.max(since, ...answers.map((a) => a.answeredAt), ...records.map((r) => r.createdAt));
    await interval(everyMs);
  });
};
