import { expect, it } from 'vitest';
import {
  candidateOf,
  ed25519Caller,
  type Feed,
  newKey,
  newTag,
  newTokenCaller,
  type Problem,
  publishOne,
  sdpOf,
  tokenFor,
  v1,
} from './support/client.ts';
import { edCaller, rpc } from './support/rondevu.ts';
import { startServer } from './support/server.ts';

const RIVALS = 64;
const ROUNDS = 200;

it(`lets one of ${RIVALS} rivals answer an offer, ${ROUNDS} times, and tells the others who won`, async () => {
  await using server = await startServer();
  const alice = v1(server, await newTokenCaller(server));
  // Every other one signs its requests: their proofs take longer, and on other threads.
  const rivals = await Promise.all(
    Array.from({ length: RIVALS }, (_, index) =>
      index % 2 === 0 ? tokenFor(server, ed25519Caller()) : Promise.resolve(ed25519Caller()),
    ),
  );
  const tag = newTag();
  const winners = new Set<string>();

  for (let round = 0; round < ROUNDS; round++) {
    const id = await publishOne(alice, tag);
    // Some have sent candidates ahead, so that a win is more than one event.
    await Promise.all(
      rivals.slice(0, 4).map((by, i) => v1(server, by).trickle(id, [candidateOf(`rival-${i}`, round)])),
    );
    const sdps = rivals.map(() => sdpOf('answer'));
    // Whoever is sent first has a better chance, so each round begins with another.
    const order = rivals.map((_, index) => (index * 5 + round * 7) % RIVALS);
    const answers: Awaited<ReturnType<typeof alice.answer>>[] = [];
    await Promise.all(
      order.map(async (index) => {
        answers[index] = await v1(server, rivals[index]!).answer(id, { sdp: sdps[index] });
      }),
    );

    const won = answers.flatMap((answer, index) => (answer.status === 201 ? [{ answer, index }] : []));
    expect(won).toHaveLength(1);
    const { answer, index } = won[0]!;
    const winner = rivals[index]!.identity;
    winners.add(winner);
    expect(answer.body).toEqual({ sessionId: id, answeredAt: expect.any(Number), expiresAt: expect.any(Number) });
    const lost = answers.filter(({ status }) => status !== 201);
    expect(lost).toHaveLength(RIVALS - 1);
    for (const { status, body } of lost) {
      const problem = body as unknown as Problem;
      expect([status, problem.code, problem.winner]).toEqual([
        ...[409, 'OFFER_ALREADY_ANSWERED'],
        { answerer: winner, answeredAt: answer.body.answeredAt },
      ]);
    }
    const session = await alice.get(`/v1/sessions/${id}`);
    expect(session.body).toMatchObject({ state: 'answered', answer: { answerer: winner, sdp: sdps[index] } });
  }
  expect(winners.size, 'it is a race').toBeGreaterThan(1);
  const told: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Feed = (await alice.feed(cursor)).body;
    if (page.items.length === 0) break;
    told.push(...page.items.filter(({ type }) => type === 'answered').map(({ sessionId }) => sessionId));
    cursor = page.cursor;
  }
  expect(told).toHaveLength(ROUNDS);
  expect(new Set(told).size).toBe(ROUNDS);
});

it('has one winner also when rivals come over /rpc and HTTP v1 at once, with signatures', async () => {
  await using server = await startServer();
  const alice = v1(server, await newTokenCaller(server));
  const keys = Array.from({ length: 32 }, () => newKey());
  for (let round = 0; round < 20; round++) {
    const id = await publishOne(alice, newTag());
    const sdp = sdpOf('answer');
    const results = await Promise.all(
      keys.map(async (key, index) => {
        if (index % 2 === 0) return (await v1(server, ed25519Caller(key)).answer(id, { sdp })).status === 201;
        const answer = await rpc(server, edCaller(key), 'answerOffer', { offerId: id, sdp });
        if (!answer.success) expect(answer.errorCode).toBe('OFFER_ALREADY_ANSWERED');
        return answer.success;
      }),
    );
    expect(results.filter((won) => won)).toHaveLength(1);
  }
});
