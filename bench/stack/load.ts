import { systemClock } from '@signalbox/runtime';
import { Connections } from '../driver/load.ts';
import { type Caller, issueCredential, tokenCaller } from '../rows/callers.ts';
import { candidate, sdp } from '../rows/payloads.ts';
import { inTurn, times } from '../rows/row.ts';
import { type Client, openClient } from './client.ts';
import { paced } from './paced.ts';
import type { Member, Stack } from './roles.ts';

/** What one round of steady load has shown, in milliseconds. */
export type LoadRound = {
  readonly commands: number;
  readonly perSecond: number;
  /** From sending a command to its answer. */
  readonly answered: readonly number[];
  /** From a command's answer to the other party's long-poll being answered with it. */
  readonly feed: readonly number[];
  /** From a command's answer to the answer to a query that brings its token; and the same query once more. */
  readonly token: readonly number[];
  readonly again: readonly number[];
  /** The sessions of the round, with when the long-poll told of their answer (epoch milliseconds). */
  readonly told: ReadonlyMap<string, { readonly offerer: string; readonly at: number }>;
};

/** Identities that offer, each with a long-poll open, and as many that answer. */
const PAIRS = 64;
const COMMANDS_OF_A_SESSION = 4;
/** Every so many sessions, the query with a token is repeated. */
const REPEATED = 4;

type Party = { readonly name: string; readonly caller: Caller };
type Item = { readonly type: string; readonly sessionId: string; readonly cursor: string };

/** What has been acknowledged and what has been seen, whichever comes first. */
const createMatches = () => {
  const halves = new Map<string, { acked?: number; seen?: number }>();
  const lags: number[] = [];
  const note = (key: string, half: { readonly acked: number } | { readonly seen: number }) => {
    const both = { ...halves.get(key), ...half };
    if (both.acked === undefined || both.seen === undefined) halves.set(key, both);
    else {
      halves.delete(key);
      lags.push(both.seen - both.acked);
    }
  };
  return { note, lags, missing: () => halves.size };
};

export type Load = {
  run(perSecond: number, seconds: number): Promise<LoadRound>;
  /** The names of those who offer. */
  readonly offerers: readonly string[];
  close(): Promise<void>;
};

const issueParties = async (origin: string): Promise<readonly Party[]> => {
  const connections = new Connections(origin, 8);
  try {
    const issued = await Promise.all(times(PAIRS, () => issueCredential(connections, origin)));
    return issued.map((one) => ({ name: one.name, caller: tokenCaller(one) }));
  } finally {
    await connections.close();
  }
};

/**
 * Sessions from offer to candidates at a steady pace: publish, answer, candidates of the answerer and of the offerer,
 * each sent when the one before is answered. Offerers read their feeds by long-poll throughout; each publication is
 * followed by a query of the session with its token. `takers` take the commands.
 */
export const openLoad = async (stack: Stack, takers: readonly Member[] = stack.of('command')): Promise<Load> => {
  const commands = takers.map(({ origin }) => origin);
  const queries = stack.of('query').map(({ origin }) => origin);
  const offerers = await issueParties(inTurn(commands, 0));
  const answerers = await issueParties(inTurn(commands, 0));
  const client = openClient();

  return {
    offerers: offerers.map(({ name }) => name),
    run: async (perSecond, seconds) => {
      const round = createRound(client);
      const over = new AbortController();
      const cursors = await Promise.all(offerers.map((one, i) => firstCursor(client, inTurn(queries, i), one)));
      const reading = offerers.map((one, i) =>
        round.read(inTurn(queries, i), one, cursors[i] ?? '', over.signal).catch((error: unknown) => {
          if (!over.signal.aborted) throw error;
        }),
      );
      const took = await paced(perSecond / COMMANDS_OF_A_SESSION, seconds, (index) =>
        round.session(
          { command: inTurn(commands, index), query: inTurn(queries, index) },
          ...([inTurn(offerers, index), inTurn(answerers, index)] as const),
          index % REPEATED === 0,
        ),
      );
      const deadline = systemClock.monotonic() + 20_000;
      while (round.missing() > 0) {
        if (systemClock.monotonic() > deadline)
          throw new Error(`${round.missing()} changes were never seen in a feed.`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      over.abort();
      await Promise.all(reading);
      return { ...round.result(), perSecond: round.result().commands / took };
    },
    close: () => client.close(),
  };
};

const firstCursor = async (client: Client, origin: string, { caller }: Party): Promise<string> => {
  let cursor: string | null = null;
  for (;;) {
    const path: string = `/v1/feed${cursor === null ? '' : `?cursor=${cursor}`}`;
    const { body } = await client.send(origin, caller, { method: 'GET', path, status: 200 });
    const page = JSON.parse(String(body)) as { readonly items: readonly unknown[]; readonly cursor: string };
    cursor = page.cursor;
    if (page.items.length === 0) return cursor;
  }
};

const createRound = (client: Client) => {
  const matches = createMatches();
  const [answered, token, again]: [number[], number[], number[]] = [[], [], []];
  const told = new Map<string, { offerer: string; at: number }>();

  const command = async (origin: string, { caller }: Party, path: string, body: unknown) => {
    const sentAt = systemClock.monotonic();
    const answer = await client.send(origin, caller, { method: 'POST', path, body, status: 201 });
    const at = systemClock.monotonic();
    answered.push(at - sentAt);
    return { at, ...answer };
  };

  const query = async (origin: string, { caller }: Party, id: string, by: string) => {
    const headers = ['signalbox-consistency', by];
    await client.send(origin, caller, { method: 'GET', path: `/v1/sessions/${id}`, status: 200, headers });
  };

  const followUp = async (
    origin: string,
    by: Party,
    id: string,
    { at, token: brings }: Awaited<ReturnType<typeof command>>,
    twice: boolean,
  ) => {
    if (brings === null) throw new Error('A command was answered without a token.');
    await query(origin, by, id, brings);
    const shownAt = systemClock.monotonic();
    token.push(shownAt - at);
    if (!twice) return;
    await query(origin, by, id, brings);
    again.push(systemClock.monotonic() - shownAt);
  };

  return {
    missing: matches.missing,
    result: () => ({ commands: answered.length, answered, feed: matches.lags, token, again, told }),

    session: async (at: { command: string; query: string }, offerer: Party, answerer: Party, twice: boolean) => {
      const offer = { tags: ['bench'], offers: [{ sdp: sdp() }] };
      const published = await command(at.command, offerer, '/v1/sessions', offer);
      const { sessions } = JSON.parse(String(published.body)) as {
        readonly sessions: readonly [{ sessionId: string }];
      };
      const id = sessions[0].sessionId;
      const following = followUp(at.query, offerer, id, published, twice);
      following.catch(() => undefined); // told below
      const two = () => ({ candidates: [candidate(), candidate()] });
      const answer = await command(at.command, answerer, `/v1/sessions/${id}/answer`, { sdp: sdp() });
      matches.note(`answered ${id}`, { acked: answer.at });
      const trickled = await command(at.command, answerer, `/v1/sessions/${id}/candidates`, two());
      matches.note(`candidates ${id}`, { acked: trickled.at });
      await command(at.command, offerer, `/v1/sessions/${id}/candidates`, two());
      await following;
    },

    read: async (origin: string, offerer: Party, from: string, signal: AbortSignal): Promise<void> => {
      for (let cursor = from; !signal.aborted; ) {
        const { body } = await client.send(origin, offerer.caller, {
          ...{ method: 'GET', path: `/v1/feed?cursor=${cursor}`, status: 200, headers: ['prefer', 'wait=20'], signal },
        });
        const [seen, at] = [systemClock.monotonic(), systemClock.now()];
        const page = JSON.parse(String(body)) as { readonly items: readonly Item[]; readonly cursor: string };
        for (const { type, sessionId } of page.items) {
          matches.note(`${type} ${sessionId}`, { seen });
          if (type === 'answered') told.set(sessionId, { offerer: offerer.name, at });
        }
        cursor = page.cursor;
      }
    },
  };
};
