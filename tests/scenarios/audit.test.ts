import { until } from '@signalbox/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bearer,
  type Caller,
  candidateOf,
  newTag,
  newTokenCaller,
  type Problem,
  publishOne,
  sdpOf,
  send,
  type V1Client,
  v1,
} from '../support/client.ts';
import { type Server, startServer } from '../support/server.ts';
import { stackKeys } from '../support/stack.ts';

let server: Server;
let admin: Caller;
let audit: V1Client;
beforeAll(async () => {
  const { SIGNALBOX_ADMIN_KEYS } = stackKeys;
  server = await startServer({ env: { SIGNALBOX_ADMIN_KEYS } });
  admin = bearer('admin', SIGNALBOX_ADMIN_KEYS);
  audit = v1(server, admin);
});
afterAll(() => server[Symbol.asyncDispose]());

type Entry = {
  readonly position: number;
  readonly type: string;
  readonly at: number;
  readonly actor: string;
  readonly hash: string | null;
  readonly keyId: string | null;
  readonly revision: number;
  readonly traceId: string | null;
  readonly payload: Readonly<Record<string, unknown>> | null;
};
type Timeline = {
  readonly state: string;
  readonly entries: readonly Entry[];
  readonly verdict: { readonly cause: string };
};
type State = { readonly revision: number; readonly state: { readonly status: string }; readonly stateHash: string };
type Found = {
  readonly sessions: readonly { readonly sessionId: string; readonly state: string }[];
  readonly cursor: string | null;
};
type Events = { readonly events: readonly Entry[]; readonly cursor: string | null; readonly resume: string };

/** A call from the offer to its end. */
const aCall = async () => {
  const callers = [await newTokenCaller(server), await newTokenCaller(server)] as const;
  const [alice, bob] = [v1(server, callers[0]), v1(server, callers[1])];
  const [tag, offer, answer] = [newTag(), sdpOf('offer'), sdpOf('answer')];
  const id = await publishOne(alice, tag, offer);
  expect((await bob.answer(id, { sdp: answer })).status).toBe(201);
  expect((await bob.trickle(id, [candidateOf('bob', 1)])).status).toBe(201);
  expect((await alice.withdraw(id)).status).toBe(204);
  return { id, tag, offer, answer, alice: callers[0].identity, bob: callers[1].identity };
};

const ofSession = ({ entries }: Timeline) =>
  entries.filter(({ payload, type }) => payload && /Offer|Cand|Sess/.test(type));

describe('the flight recorder', () => {
  it('tells what happened in a session, with what was said, who said it, and a verdict', async () => {
    const call = await aCall();
    const { status, body } = await audit.get<Timeline>(`/v1/audit/sessions/${call.id}`);
    expect(status).toBe(200);
    expect(body.state).toBe('withdrawn');
    expect(ofSession(body).map(({ type, actor }) => [type, actor])).toEqual([
      ['OfferPublished', call.alice],
      ['OfferAnswered', call.bob],
      ['CandidatesAdded', call.bob],
      ['SessionWithdrawn', call.alice],
    ]);
    expect(ofSession(body)[0]?.payload).toMatchObject({ sdp: call.offer, tags: [call.tag] });
    expect(ofSession(body)[1]?.payload).toMatchObject({ sdp: call.answer });
    expect(ofSession(body).every(({ hash, keyId }) => hash !== null && keyId !== null)).toBe(true);
    expect(body.verdict.cause).not.toBe('');
  });

  it('tells the state at each moment, to the millisecond, with the same hash each time', async () => {
    const { id } = await aCall();
    const { body } = await audit.get<Timeline>(`/v1/audit/sessions/${id}`);
    const stateAt = async (query: string) => (await audit.get<State>(`/v1/audit/sessions/${id}/state?${query}`)).body;
    for (const entry of ofSession(body)) {
      const byRevision = await stateAt(`revision=${entry.revision}`);
      expect(byRevision).toEqual(await stateAt(`revision=${entry.revision}`));
      const byTime = await stateAt(`at=${entry.at}`);
      expect(byTime.revision).toBeGreaterThanOrEqual(entry.revision);
    }
    const first = ofSession(body)[0]?.at ?? 0;
    expect((await audit.get<Problem>(`/v1/audit/sessions/${id}/state?at=${first - 1}`)).status).toBe(404);
  });

  it('finds sessions by tag, identity, trace and time', async () => {
    const from = Date.now() - 60_000;
    const call = await aCall();
    const { body } = await audit.get<Timeline>(`/v1/audit/sessions/${call.id}`);
    const trace = body.entries.find(({ traceId }) => traceId !== null)?.traceId;
    const queries = [`tag=${call.tag}`, `identity=${call.bob}`, `identity=${call.alice}&from=${from}`];
    if (trace) queries.push(`trace=${trace}`);
    for (const query of queries) {
      // The index follows the log; nobody waits for it.
      await until(`${query} finds the session`, async () => {
        const found = (await audit.get<Found>(`/v1/audit/sessions?${query}`)).body.sessions;
        return found.some(({ sessionId, state }) => sessionId === call.id && state === 'withdrawn');
      });
    }
    expect((await audit.get<Found>(`/v1/audit/sessions?tag=${newTag()}`)).body.sessions).toEqual([]);
  });

  it('tells what an identity did', async () => {
    const call = await aCall();
    await until('the index has it', async () => {
      const { body } = await audit.get<Events>(`/v1/audit/identities/${call.bob}`);
      return body.events.some(({ type }) => type === 'OfferAnswered');
    });
    const { body } = await audit.get<Events>(`/v1/audit/identities/${call.bob}`);
    expect(body.events.every(({ actor }) => actor === call.bob)).toBe(true);
  });

  it('knows what discovery showed at any moment', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const tag = newTag();
    const id = await publishOne(alice, tag);
    const published = (await audit.get<Timeline>(`/v1/audit/sessions/${id}`)).body.entries[0]?.at ?? 0;
    await until('a millisecond has passed', () => Date.now() > published + 1);
    await alice.withdraw(id);
    type Then = { readonly sessions: readonly { readonly sessionId: string }[]; readonly stateHash: string };
    const at = async (time: number) =>
      (await audit.get<Then>(`/v1/audit/read-models/discovery?at=${time}&tag=${tag}`)).body;
    expect((await at(published)).sessions.map(({ sessionId }) => sessionId)).toEqual([id]);
    expect((await at(published - 1)).sessions).toEqual([]);
    expect((await at(Date.now() + 1)).sessions).toEqual([]);
    expect((await at(published)).stateHash).toBe((await at(published)).stateHash);
  });

  it('gives the log page by page, holds back an empty page, and streams CloudEvents', async () => {
    const call = await aCall();
    const all: number[] = [];
    let last: Events | null = null;
    for (let cursor: string | null = ''; cursor !== null; cursor = last.cursor) {
      last = (await audit.get<Events>(`/v1/audit/events?limit=7${cursor && `&cursor=${cursor}`}`)).body;
      all.push(...last.events.map(({ position }) => position));
    }
    expect(all.length).toBeGreaterThan(5);
    expect(all).toEqual(all.toSorted((a, b) => a - b));
    const wait = audit.get<Events>(`/v1/audit/events?type=OfferPublished&cursor=${last?.resume}`, {
      prefer: 'wait=20',
    });
    const other = await aCall();
    const next = await wait;
    expect(next.status).toBe(200);
    const streamed = await send(server, admin, {
      method: 'GET',
      path: `/v1/audit/events?stream=session-${other.id}`,
      headers: { accept: 'application/x-ndjson' },
    });
    const events = streamed.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ type }) => type).slice(0, 2)).toEqual(['OfferPublished', 'OfferAnswered']);
    // What is carried away is what the log holds: sealed.
    expect(streamed.text).not.toContain(other.offer.split('\r\n')[1]);
    expect(events[0]).toMatchObject({ specversion: '1.0', datacontenttype: 'application/octet-stream' });
    expect(call.id).not.toBe(other.id);
  });

  it('is for auditors', async () => {
    const client = v1(server, await newTokenCaller(server));
    for (const path of ['sessions', 'events', 'health', 'sessions/x', 'read-models/discovery?at=1']) {
      expect((await client.get<Problem>(`/v1/audit/${path}`)).body.code).toBe('NOT_AUTHORIZED');
    }
  });

  it('builds the read models anew while they answer', async () => {
    const alice = v1(server, await newTokenCaller(server));
    const tag = newTag();
    await publishOne(alice, tag);
    let isOver = false;
    let failed = 0;
    const reading = (async () => {
      while (!isOver) {
        const { status, body } = await alice.get<{ readonly counts: Readonly<Record<string, number>> }>(
          `/v1/tags?tag=${tag}`,
        );
        if (status !== 200 || body.counts[tag] !== 1) failed++;
      }
    })();
    const path = '/v1/admin/read-models/all/rebuilds';
    const begun = await send<{ readonly rebuildId: string }>(server, admin, { method: 'POST', path });
    expect(begun.status).toBe(202);
    await until('it is done', async () => {
      const { body } = await audit.get<{ readonly state: string }>(`${path}/${begun.body.rebuildId}`);
      return body.state === 'done';
    });
    isOver = true;
    await reading;
    expect(failed).toBe(0);
    const recorded = await audit.get<Events>('/v1/audit/events?type=ReadModelRebuilt&order=newest');
    expect(recorded.body.events[0]?.payload).toMatchObject({ rebuildId: begun.body.rebuildId, name: 'all' });
  });
});
