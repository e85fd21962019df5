import { seededChance } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { type Caller, ed25519Caller, newKey, newTag, publishOne, sdpOf, tokenFor, v1 } from './support/client.ts';
import { cursorReader, longPollReader, type Reader, type Reading, sinceReader } from './support/feed-readers.ts';
import { edCaller } from './support/rondevu.ts';
import { type Server, startServer } from './support/server.ts';

/** 20 offerers with five sessions each, which 20 others answer: each feed tells of several sessions at once. */
const PAIRS = 20;
const SESSIONS_EACH = 5;
const BATCHES = 5;

const env = { SIGNALBOX_ANSWERED_TTL_MS: '3600000' };

type Party = { readonly caller: Caller; readonly reader: Reader };
type Sent = Map<string, unknown[]>;

const candidate = (session: string, from: string, number: number) => ({ session, from: from.slice(0, 12), number });

describe.each([
  ['HTTP v1’s cursor', 'v1'],
  ['Rondevu’s since, of which a client keeps the largest', 'rondevu'],
] as const)('feeds read by %s', (_, kind) => {
  const newParty = async (target: () => Server, number: number): Promise<Party> => {
    const key = newKey();
    const caller = await tokenFor(target(), ed25519Caller(key));
    const everyMs = [1, 5, 50, null][number % 4] ?? null;
    if (kind === 'rondevu') return { caller, reader: sinceReader(target, edCaller(key), everyMs ?? 5) };
    return {
      caller,
      reader: everyMs === null ? longPollReader(target, caller) : cursorReader(target, caller, everyMs),
    };
  };

  it.each([
    ['while the server runs', 'none'],
    ['through a graceful restart', 'stop'],
    ['through a kill -9', 'kill9'],
  ] as const)('lose nothing, repeat nothing and keep the order, %s', async (__, restart) => {
    const chance = seededChance(42);
    await using server = await startServer({ env });
    let current: Server = server;
    const target = () => current;
    const offerers = await Promise.all(Array.from({ length: PAIRS }, (_, n) => newParty(target, n)));
    const answerers = await Promise.all(Array.from({ length: PAIRS }, (_, n) => newParty(target, n + 1)));
    const parties = [...offerers, ...answerers];
    const readings = parties.map(({ reader }) => reader.start());

    const sessions: { id: string; offerer: Party; answerer: Party; answer: string }[] = [];
    for (const [index, offerer] of offerers.entries()) {
      for (let n = 0; n < SESSIONS_EACH; n++) {
        const id = await publishOne(v1(current, offerer.caller), newTag());
        const answerer = answerers[(index * SESSIONS_EACH + n) % PAIRS]!;
        sessions.push({ id, offerer, answerer, answer: sdpOf('answer') });
      }
    }
    expect(sessions).toHaveLength(100);

    const sent: Sent = new Map();
    let batches = 0;
    const half = Promise.withResolvers<void>();
    const resumed = Promise.withResolvers<void>();
    if (restart === 'none') resumed.resolve();

    /** One command with a key, asked again until it is answered: what clients do when a server goes away. */
    const insist = async (
      send: (headers: Readonly<Record<string, string>>) => Promise<{ status: number; text: string }>,
    ) => {
      const headers = { 'idempotency-key': chance.uuid() };
      for (;;) {
        const answer = await send(headers).catch(() => undefined);
        if (answer?.status === 201) return;
        expect([undefined, 503], answer?.text).toContain(answer?.status);
        await resumed.promise;
      }
    };
    const trickle = async (id: string, by: Party) => {
      const key = `${id}/${by.caller.identity}`;
      for (let batch = 0; batch < BATCHES; batch++) {
        const before = sent.get(key) ?? [];
        const count = 1 + Math.floor(chance.fraction() * 3);
        const some = Array.from({ length: count }, (_, i) => candidate(id, by.caller.identity, before.length + i));
        await insist((headers) => v1(target(), by.caller).trickle(id, some, headers));
        sent.set(key, [...before, ...some]);
        if (++batches === sessions.length * BATCHES) half.resolve();
      }
    };
    const play = async ({ id, offerer, answerer, answer }: (typeof sessions)[number]) => {
      const early = [candidate(id, answerer.caller.identity, 0)];
      await insist((headers) => v1(target(), answerer.caller).trickle(id, early, headers));
      sent.set(`${id}/${answerer.caller.identity}`, early);
      const fromOfferer = trickle(id, offerer); // from before the answer on
      await insist((headers) => v1(target(), answerer.caller).answer(id, { sdp: answer }, headers));
      await Promise.all([fromOfferer, trickle(id, answerer)]);
    };
    const played = Promise.all(sessions.map(play));
    if (restart !== 'none') {
      await half.promise;
      await current[restart]();
      current = await current.again();
      resumed.resolve();
    }
    await played;

    const expected = (party: Party): Reading => {
      const answers = new Map(sessions.filter((s) => s.offerer === party).map((s) => [s.id, s.answer]));
      const others = sessions.flatMap((s) => {
        const other = s.offerer === party ? s.answerer : s.answerer === party ? s.offerer : null;
        return other ? [[s.id, sent.get(`${s.id}/${other.caller.identity}`) ?? []] as const] : [];
      });
      return { answers, candidates: new Map(others) };
    };
    const wanted = parties.map(expected);
    const finished = await Promise.all(
      wanted.map(({ answers, candidates }, index) =>
        readings[index]!.until([...candidates.values()].flat().length + answers.size),
      ),
    );
    for (const [index, { reader }] of parties.entries()) {
      const reading = finished[index]!;
      expect(reading.twice, `${reader.name} was told twice`).toEqual([]);
      expect(Object.fromEntries(reading.candidates), reader.name).toEqual(
        Object.fromEntries(wanted[index]!.candidates),
      );
      expect(Object.fromEntries(reading.answers), reader.name).toEqual(Object.fromEntries(wanted[index]!.answers));
    }
    await current.kill9();
    await current.dispatcher.destroy();
  });
});
