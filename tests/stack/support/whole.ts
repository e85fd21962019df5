import { until } from '@signalbox/testing';
import { expect } from 'vitest';
import { type Page, v1 } from '../../support/client.ts';
import { expectFaithfulLog } from '../../support/crash-log.ts';
import { checkSession } from '../../support/crash-model.ts';
import { wordsOf } from './feed.ts';
import { livesOn } from './lives.ts';
import type { Load } from './load.ts';
import { openStackLog, type Recorded, readWhole } from './log.ts';
import type { Stack } from './stack.ts';

/** Generous: a store that was emptied is filled again within it on a slow machine. */
const WHOLE_WITHIN_MS = 120_000;
const CHECKED_AT_ONCE = 12;

type Told = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** Who has to have been told what, of each session in order, as the log says: written without a look at the projection. */
const owedBy = (log: readonly Recorded[]): Told => {
  const owed = new Map<string, Map<string, string[]>>();
  for (const [stream, events] of Map.groupBy(log, (one) => one.stream)) {
    if (!stream.startsWith('session-')) continue;
    const id = stream.slice('session-'.length);
    const tell = (to: string, words: string) => {
      const own = owed.get(to) ?? new Map<string, string[]>();
      owed.set(to, own.set(id, [...(own.get(id) ?? []), words]));
    };
    let [publisher, answerer] = ['', ''];
    let ahead: unknown[] = [];
    for (const { event } of events) {
      if (event.type === 'OfferPublished') publisher = event.data.publisher;
      if (event.type === 'OfferAnswered') {
        answerer = event.data.answerer;
        tell(publisher, wordsOf({ type: 'answered', sdp: event.data.sdp }));
        if (ahead.length > 0) tell(answerer, wordsOf({ type: 'candidates', candidates: ahead }));
      }
      if (event.type === 'CandidatesAdded') {
        const { role, candidates } = event.data;
        if (role === 'offerer' && answerer === '') ahead = [...ahead, ...candidates];
        else tell(role === 'offerer' ? answerer : publisher, wordsOf({ type: 'candidates', candidates }));
      }
      if (event.type === 'SessionWithdrawn' && answerer !== '') tell(answerer, 'withdrawn');
      if (event.type === 'SessionExpired') for (const one of [publisher, answerer]) if (one) tell(one, 'expired');
    }
  }
  return owed;
};

/** In words: what of the feeds was lost, told twice, or told in another order. */
const wrongIn = (owed: Told, { readers }: Load): readonly string[] =>
  readers.flatMap(({ identity, told }) => {
    const own = owed.get(identity) ?? new Map<string, readonly string[]>();
    return [...new Set([...own.keys(), ...told.keys()])].flatMap((id) => {
      const [should, did] = [own.get(id) ?? [], told.get(id) ?? []];
      if (should.join('\n') === did.join('\n')) return [];
      const lost = should.filter((words) => !did.includes(words));
      const more = did.filter((words, at) => !should.includes(words) || did.indexOf(words) < at);
      return [
        `feed of ${identity}, session ${id}: lost ${JSON.stringify(lost)}, too much ${JSON.stringify(more)}, told in the order ${JSON.stringify(did)}`,
      ];
    });
  });

const logOnceEnded = (read: () => Promise<readonly Recorded[]>, { model }: Load) =>
  until(
    'every offer that fell due has ended',
    async () => {
      const log = await read();
      const ended = new Set<string>(
        log.filter(({ event }) => event.type === 'SessionExpired').map(({ stream }) => stream),
      );
      const left = model.sessions.filter(({ id, brief }) => brief && !ended.has(`session-${id}`));
      if (left.length > 0) throw new Error(`${left.length} still live: ${left.map(({ id }) => id)}`);
      return log;
    },
    { withinMs: WHOLE_WITHIN_MS, everyMs: 250 },
  );

/** What was sent without a key and never acknowledged, and is there after all, has to be there whole. */
const learnDoubtful = (log: readonly Recorded[], stack: Stack, { model, notes, tag }: Load) => {
  const { learn } = livesOn({ target: stack, model, notes, tag });
  for (const { publisher, sdp } of model.doubtful) {
    const found = log.find(({ event }) => event.type === 'OfferPublished' && event.data.sdp === sdp);
    if (found) learn(found.stream.slice('session-'.length), publisher, sdp, false);
  }
};

/** The open offers, page by page, as anyone sees them. */
const discovered = async (stack: Stack, { tag, anyone }: Load): Promise<readonly string[]> => {
  const ids: string[] = [];
  let cursor = '';
  do {
    const path = `/v1/sessions?tag=${tag}&limit=100${cursor && `&cursor=${cursor}`}`;
    const { status, body, text } = await v1(stack, anyone).get<Page>(path);
    expect(status, text).toBe(200);
    ids.push(...body.sessions.map(({ sessionId }) => sessionId));
    cursor = body.cursor ?? '';
  } while (cursor !== '');
  return ids;
};

/**
 * After recovery: everything that was acknowledged is in the log once and can be seen, whoever reads a feed was told
 * every item once and in order, and every session has ended at most once. Says what was lost.
 */
export const expectWhole = async (stack: Stack, load: Load): Promise<void> => {
  await load.finish();
  await stack.ready();
  const opened = await openStackLog(stack);
  try {
    const log = await logOnceEnded(() => readWhole(opened, stack), load);
    learnDoubtful(log, stack, load);
    const owed = owedBy(log);
    const total = [...owed.values()].reduce((sum, own) => sum + [...own.values()].flat().length, 0);
    const told = () => load.readers.reduce((sum, one) => sum + one.count(), 0);
    const all = { withinMs: WHOLE_WITHIN_MS };
    await until(`the feeds have shown ${total} items`, () => told() >= total, all).catch(() => undefined);
    const after = load.readers.map((one) => one.polls() + 2);
    await until('each has asked again', () => load.readers.every((one, i) => one.polls() >= after[i]!), all);
    await load.stop();
    expect(wrongIn(owed, load)).toEqual([]);

    const left = [...load.model.sessions];
    const check = async () => {
      for (let one = left.pop(); one !== undefined; one = left.pop()) await checkSession(stack, one, 'at the end');
    };
    await Promise.all(Array.from({ length: CHECKED_AT_ONCE }, check));
    expectFaithfulLog(await readWhole(opened, stack), { sessions: load.model.sessions, credentials: [] });

    const open = load.model.sessions.filter((one) => !one.answer && !one.withdrawn && !one.brief);
    expect((await discovered(stack, load)).toSorted()).toEqual(open.map(({ id }) => id).toSorted());
  } finally {
    await opened.close();
  }
};

/** One line for whoever reads the run: how much was at stake, and what clients met. */
export const summaryOf = ({ notes, readers, discovery }: Load): string =>
  [
    `${notes.acknowledged} commands acknowledged`,
    `${readers.reduce((sum, one) => sum + one.count(), 0)} feed items`,
    `${discovery.looks()} looks (${discovery.failed.length} failed)`,
    `asked again: ${JSON.stringify(Object.fromEntries(notes.retried))}`,
  ].join(', ');
