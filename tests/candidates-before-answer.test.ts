import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Caller,
  candidateOf,
  ed25519Caller,
  newTag,
  newTokenCaller,
  type Problem,
  publishOne,
  sdpOf,
  tokenFor,
  v1,
} from './support/client.ts';
import { type Peer, waysToSpeak } from './support/peers.ts';
import { type Server, startServer } from './support/server.ts';

/**
 * Real clients gather candidates before their answer has arrived. These are held, and shown once that caller has won;
 * a stranger's are never shown, and take nothing from anyone.
 */

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const ways = Object.keys(waysToSpeak);
const from = (who: string, count: number, first = 1) =>
  Array.from({ length: count }, (_, index) => candidateOf(who, first + index));

/** Many identities, cheaply: a key each, and a token got with it. */
const newStrangers = (count: number): Promise<readonly Caller[]> =>
  Promise.all(Array.from({ length: count }, () => tokenFor(server, ed25519Caller())));

describe.each(ways.map((way) => ({ way })))('candidates sent ahead of the answer by $way', ({ way }) => {
  const pair = async (): Promise<readonly [Peer, Peer]> => [
    await waysToSpeak[way]!(server),
    await waysToSpeak[way]!(server),
  ];

  it('are held, and appear once that caller has won, before what it sends later', async () => {
    const [alice, bob] = await pair();
    const id = await alice.publish(newTag(), sdpOf('offer'));
    await bob.trickle(id, from('bob', 2));
    await bob.trickle(id, from('bob', 1, 3));
    await alice.trickle(id, from('alice', 2));
    expect(await alice.candidates(id), 'nobody has won yet').toEqual([]);

    await bob.answer(id, sdpOf('answer'), []);
    expect(await alice.candidates(id)).toEqual(from('bob', 3));
    expect(await bob.candidates(id), 'the offerer’s own early ones are there too').toEqual(from('alice', 2));
    await bob.trickle(id, from('bob', 2, 4));
    expect(await alice.candidates(id)).toEqual(from('bob', 5));
  });

  it('never appear when somebody else wins, and are refused afterwards', async () => {
    const [alice, bob] = await pair();
    const mallory = await waysToSpeak[way]!(server);
    const id = await alice.publish(newTag(), sdpOf('offer'));
    await mallory.trickle(id, from('mallory', 50));
    await bob.trickle(id, from('bob', 1));
    await bob.answer(id, sdpOf('answer'), []);
    expect(await alice.candidates(id)).toEqual(from('bob', 1));
    await expect(mallory.trickle(id, from('mallory', 1, 51))).rejects.toThrow(/NOT_AUTHORIZED/);
    await expect(mallory.candidates(id)).rejects.toThrow(/NOT_AUTHORIZED/);
    await bob.trickle(id, from('bob', 49, 2));
    expect(await alice.candidates(id), 'all fifty are the winner’s own').toEqual(from('bob', 50));
  });
});

describe('strangers', () => {
  it('who fill every place leave the answerer all of its own: 40 of them with 50 candidates each', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const byBob = await newTokenCaller(server);
    const bob = v1(server, byBob);
    const id = await publishOne(alice, newTag());
    for (const [index, stranger] of (await newStrangers(40)).entries()) {
      const { status } = await v1(server, stranger).trickle(id, from(`stranger-${index}`, 50));
      expect([201, 429], 'taken or refused, it must not matter').toContain(status);
    }
    expect((await bob.trickle(id, from('bob', 30))).status).toBe(201);
    expect((await alice.trickle(id, from('alice', 50))).status, 'the offerer has a bound of its own').toBe(201);
    expect((await bob.answer(id, { sdp: sdpOf('answer') })).status).toBe(201);
    expect((await bob.trickle(id, from('bob', 20, 31))).status).toBe(201);

    const shownTo = async (client: typeof alice) =>
      (await client.get<{ candidates: { candidate: unknown }[] }>(`/v1/sessions/${id}/candidates`)).body.candidates.map(
        ({ candidate }) => candidate,
      );
    expect(await shownTo(alice)).toEqual(from('bob', 50));
    expect(await shownTo(bob)).toEqual(from('alice', 50));
    const fed = (await alice.feed()).body.items.filter(
      ({ sessionId, type }) => sessionId === id && type === 'candidates',
    );
    expect(fed.flatMap(({ candidates = [] }) => candidates)).toEqual(from('bob', 50));
    expect(new Set(fed.map((item) => item.from))).toEqual(new Set([byBob.identity]));
    const full = await bob.trickle(id, from('bob', 1, 51));
    expect([full.status, (full.body as unknown as Problem).code]).toEqual([429, 'TOO_MANY_ICE_CANDIDATES']);
    const session = await alice.get(`/v1/sessions/${id}`);
    expect(session.body).toMatchObject({ candidates: { offerer: 50, answerer: 50 } });
  });

  it('who hold on by the thousand keep neither the answer nor the answerer’s candidates out', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const bob = v1(server, await newTokenCaller(server));
    const id = await publishOne(alice, newTag());
    const strangers = await newStrangers(25);
    for (let round = 0; round < 45; round++) {
      await Promise.all(strangers.map((by, index) => v1(server, by).trickle(id, from(`s${index}`, 1, round))));
    }
    expect((await bob.answer(id, { sdp: sdpOf('answer') })).status).toBe(201);
    expect((await bob.trickle(id, from('bob', 50))).status).toBe(201);
    const shown = await alice.get<{ candidates: unknown[] }>(`/v1/sessions/${id}/candidates`);
    expect(shown.body.candidates).toHaveLength(50);
  });

  it('are forgotten with a restart no less than before it, and the winner’s are not', async () => {
    await using first = await startServer();
    const [byAlice, byBob, byMallory] = [
      await newTokenCaller(first),
      await newTokenCaller(first),
      await newTokenCaller(first),
    ];
    const id = await publishOne(v1(first, byAlice), newTag());
    await v1(first, byMallory).trickle(id, from('mallory', 3));
    await v1(first, byBob).trickle(id, from('bob', 3));
    await first.kill9();
    await using second = await first.again();
    await v1(second, byBob).answer(id, { sdp: sdpOf('answer') });
    const shown = await v1(second, byAlice).get<{ candidates: { candidate: unknown }[] }>(
      `/v1/sessions/${id}/candidates`,
    );
    expect(shown.body.candidates.map(({ candidate }) => candidate)).toEqual(from('bob', 3));
    expect((await v1(second, byMallory).trickle(id, from('mallory', 1))).status).toBe(403);
  });
});
