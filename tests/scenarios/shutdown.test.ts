import { until } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import {
  type Answer,
  candidateOf,
  newTag,
  newTokenCaller,
  type Page,
  type Problem,
  publishOne,
  sdpOf,
  send,
  v1,
} from '../support/client.ts';
import { readLog } from '../support/log.ts';
import { startServer } from '../support/server.ts';

describe('a graceful stop', () => {
  it('under load keeps every acknowledged command, answers what is in flight, and exits with 0', async () => {
    await using server = await startServer();
    const callers = await Promise.all(Array.from({ length: 8 }, () => newTokenCaller(server)));
    const tag = newTag();
    const acknowledged = new Set<string>();
    let refused = 0;
    let failed = 0;
    let stopping = false;

    const publishUntilTheEnd = async (number: number) => {
      const client = v1(server, callers[number % callers.length]!);
      for (;;) {
        const sdp = sdpOf(`load-${number}`);
        const answer = await client.publish({ tags: [tag], ttlMs: 600_000, offers: [{ sdp }] }).catch(() => undefined);
        if (answer === undefined) {
          failed++; // no connection any more: the end
          return;
        }
        if (answer.status === 201) acknowledged.add(sdp);
        else {
          expect([answer.status, (answer.body as unknown as Problem).code]).toEqual([503, 'OVERLOADED']);
          expect(stopping).toBe(true);
          refused++;
          return;
        }
      }
    };
    const workers = Promise.all(Array.from({ length: 24 }, (_, number) => publishUntilTheEnd(number)));
    await until('there is load', () => acknowledged.size > 200);
    stopping = true;
    const exit = await server.stop();
    await workers;
    expect(exit).toEqual({ code: 0, signal: null });
    expect(refused + failed).toBe(24);

    await using next = await server.again();
    const client = v1(next, await newTokenCaller(next));
    const found = new Set<string>();
    for (let cursor: string | null = '', page: Page; cursor !== null; cursor = page.cursor) {
      page = (await client.get<Page>(`/v1/sessions?tag=${tag}&limit=100${cursor && `&cursor=${cursor}`}`)).body;
      for (const offer of page.sessions) found.add(offer.sdp);
    }
    expect(
      [...acknowledged].filter((sdp) => !found.has(sdp)),
      'acknowledged, and gone',
    ).toEqual([]);
    await next.stop();
    const log = await readLog(server.dataDir);
    const sdps = log.flatMap(({ event }) => (event.type === 'OfferPublished' ? [event.data.sdp] : []));
    expect(new Set(sdps).size, 'nothing twice').toBe(sdps.length);
  });

  it('answers those who long-poll, at once and with what there is', async () => {
    await using server = await startServer();
    const callers = await Promise.all(Array.from({ length: 20 }, () => newTokenCaller(server)));
    const settled = new Set<number>();
    const polls = callers.map(async (caller, index) => {
      const answer = await v1(server, caller).feed(null, 25);
      settled.add(index);
      return answer;
    });
    await until('all of them wait', async () => {
      const metrics = await send<string>(server, callers[0]!, { method: 'GET', path: '/metrics' });
      const open = /signalbox_connections(?:\{[^}]*\})? (\d+)/.exec(metrics.text)?.[1];
      return Number(open) >= 20;
    });
    expect(settled.size).toBe(0);
    const exit = await server.stop();
    const answers: readonly Answer[] = await Promise.all(polls);
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([200, { items: [], cursor: expect.any(String), recovered: true }]);
    }
    expect(exit).toEqual({ code: 0, signal: null });
  });

  it('leaves a session as its parties had it, whichever way the process ends', async () => {
    for (const how of ['stop', 'kill9'] as const) {
      await using server = await startServer();
      const [byAlice, byBob] = [await newTokenCaller(server), await newTokenCaller(server)];
      const [alice, bob] = [v1(server, byAlice), v1(server, byBob)];
      const id = await publishOne(alice, newTag());
      await alice.trickle(id, [candidateOf('alice', 1)]);
      await bob.answer(id, { sdp: sdpOf('answer') });
      await bob.trickle(id, [candidateOf('bob', 1), candidateOf('bob', 2)]);
      const seen = async (target: typeof server) => ({
        session: (await v1(target, byAlice).get(`/v1/sessions/${id}`)).body,
        forAlice: (await v1(target, byAlice).get(`/v1/sessions/${id}/candidates`)).body,
        forBob: (await v1(target, byBob).get(`/v1/sessions/${id}/candidates`)).body,
        feed: (await v1(target, byAlice).feed()).body.items,
      });
      const before = await seen(server);
      await server[how]();
      await using next = await server.again();
      const after = await seen(next);
      // The cursor tells how far the log has been read; what it stands for is what matters, and is asserted elsewhere.
      const withoutCursor = (shown: typeof before) =>
        JSON.parse(JSON.stringify(shown), (name, value) => (name === 'cursor' ? undefined : value));
      expect(withoutCursor(after)).toEqual(withoutCursor(before));
    }
  });
});
