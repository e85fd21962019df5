import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BACKWARDS,
  binaryEvent,
  END,
  EventStoreDBClient,
  eventTypeFilter,
  START,
  type StreamingRead,
  streamNameFilter,
} from '@eventstore/db-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type EventStoreDbServer, startEventStoreDbServer } from '../eventstoredb-server/index.ts';
import { until } from '../src/index.ts';

const NOW = 1_760_000_000_123;

const started = async (options: Partial<Parameters<typeof startEventStoreDbServer>[0]> = {}) => {
  const server = await startEventStoreDbServer({ now: () => NOW, ...options });
  const client = EventStoreDBClient.connectionString(server.url);
  onTestFinished(async () => {
    await client.dispose();
    await server.close();
  });
  return { server, client };
};

let made = 0;

const anId = () => `00000000-0000-4000-8000-${(++made).toString(16).padStart(12, '0')}`;

const anEvent = (type = 'Happened', size = 10) =>
  binaryEvent({ id: anId(), type, data: new Uint8Array(size).fill(7), metadata: { by: 'me' } });

/** A read to its end. */
const all = async <E>(read: StreamingRead<E>): Promise<readonly E[]> => {
  const events: E[] = [];
  for await (const event of read) events.push(event);
  return events;
};

/** Events that a subscription has delivered and checkpoints it has told, in the order in which they came. */
const follow = (client: EventStoreDBClient, options: Parameters<EventStoreDBClient['subscribeToAll']>[0] = {}) => {
  const seen: string[] = [];
  const subscription = client.subscribeToAll(options);
  subscription.on('data', ({ event }) => seen.push(`${event?.streamId}@${event?.revision}`));
  subscription.on('caughtUp', () => seen.push('caught up'));
  subscription.on('error', (error: Error & { readonly type?: string }) => seen.push(`error ${error.type}`));
  return { seen, subscription };
};

describe.each([
  ['BatchAppend', true],
  ['Append', false],
])('appending by %s', (_, batchAppend) => {
  it('keeps the event as it was, and says where it is', async () => {
    const { client } = await started({ batchAppend });
    const event = anEvent();
    const result = await client.appendToStream('a-1', event, { expectedRevision: 'no_stream' });
    expect(result).toEqual({ success: true, nextExpectedRevision: 0n, position: { commit: 0n, prepare: 0n } });
    const [seen] = await all(client.readStream('a-1'));
    expect(seen?.event).toEqual({
      streamId: 'a-1',
      id: event.id,
      revision: 0n,
      type: 'Happened',
      data: new Uint8Array(10).fill(7),
      metadata: { by: 'me' },
      isJson: false,
      created: new Date(NOW),
      position: { commit: 0n, prepare: 0n },
    });
  });

  it('gives each event of an append a place of its own, and answers with that of the last', async () => {
    const { client } = await started({ batchAppend });
    const result = await client.appendToStream('a-1', [anEvent(), anEvent(), anEvent()]);
    const places = (await all(client.readAll())).map(({ event }) => Number(event?.position.commit));
    expect(places).toHaveLength(3);
    expect(places[0]).toBeLessThan(places[1] ?? 0);
    expect((places[2] ?? 0) - (places[1] ?? 0)).toBeGreaterThan(1);
    expect(result).toMatchObject({ nextExpectedRevision: 2n, position: { commit: BigInt(places[2] ?? -1) } });
  });

  it('holds an append to its expected revision', async () => {
    const { server, client } = await started({ batchAppend });
    const append = (expectedRevision: 'any' | 'no_stream' | 'stream_exists' | bigint, stream = 'a-1') =>
      client.appendToStream(stream, anEvent(), { expectedRevision });
    await append('no_stream');
    await append('any');
    await append('stream_exists');
    await append(2n);
    for (const wrong of ['no_stream', 2n, 9n] as const) {
      await expect(append(wrong)).rejects.toMatchObject({ type: 'wrong-expected-version', actualVersion: 3n });
    }
    for (const wrong of ['stream_exists', 0n] as const) {
      await expect(append(wrong, 'a-2')).rejects.toMatchObject({ actualVersion: 'no_stream' });
    }
    expect(server.size()).toBe(4);
  });

  it('finds ids again at their revision for ever, without one only until a restart', async () => {
    const { server, client } = await started({ batchAppend });
    const events = [anEvent(), anEvent()];
    const first = await client.appendToStream('a-1', events, { expectedRevision: 'no_stream' });
    const again = (expectedRevision: 'any' | 'no_stream') => client.appendToStream('a-1', events, { expectedRevision });
    expect([await again('no_stream'), await again('any')]).toEqual([first, first]);
    const mixed = client.appendToStream('a-1', [events[0] ?? anEvent(), anEvent()], { expectedRevision: 'no_stream' });
    await expect(mixed).rejects.toMatchObject({ type: 'wrong-expected-version', actualVersion: 1n });

    await (await server.faults.goAway())();
    await again('no_stream').catch(() => undefined); // the client finds out that its connection has gone
    expect(await again('no_stream')).toEqual(first);
    expect(await again('any')).toMatchObject({ nextExpectedRevision: 3n });
  });

  it('refuses more than 16 MiB at once', async () => {
    const { server, client } = await started({ batchAppend });
    const append = client.appendToStream('a-1', anEvent('Large', (16 << 20) + 1));
    await expect(append).rejects.toMatchObject({ type: 'maximum-append-size-exceeded', maxAppendSize: 16 << 20 });
    expect(server.size()).toBe(0);
  });

  it('commits and tells nobody, when the answer is to be lost', async () => {
    const { server, client } = await started({ batchAppend });
    server.faults.loseNextAnswer('dropped');
    await expect(client.appendToStream('a-1', anEvent())).rejects.toMatchObject({ type: 'unavailable' });
    expect(server.size()).toBe(1);
    server.faults.loseNextAnswer('silent');
    let answered = false;
    const silent = client.appendToStream('a-1', anEvent(), { deadline: 60_000 }).finally(() => {
      answered = true;
    });
    await until('it is committed', () => server.size() === 2);
    expect(answered).toBe(false);
    server.faults.dropCalls();
    await expect(silent).rejects.toMatchObject({ type: 'unavailable' });
  });

  it('sends who insists on the leader elsewhere, until it leads again', async () => {
    const { server, client } = await started({ batchAppend });
    const lead = server.faults.loseLeadership();
    const insisting = () => client.appendToStream('a-1', anEvent(), { requiresLeader: true });
    await expect(insisting()).rejects.toMatchObject({
      type: 'not-leader',
      leader: { address: '127.0.0.1', port: server.port },
    });
    lead();
    expect(await insisting()).toMatchObject({ nextExpectedRevision: 0n });
  });
});

describe('reading', () => {
  const filled = async () => {
    const { server, client } = await started();
    for (const stream of ['a-1', 'b-1', 'a-1', 'a-1']) await client.appendToStream(stream, anEvent());
    const places = (await all(client.readAll())).map(({ event }) => event?.position ?? { commit: -1n, prepare: -1n });
    return { server, client, places };
  };

  it('goes through a stream both ways, from a revision that is included', async () => {
    const { client } = await filled();
    const revisions = async (options: Parameters<typeof client.readStream>[1]) =>
      (await all(client.readStream('a-1', options))).map(({ event }) => event?.revision);
    expect(await revisions({})).toEqual([0n, 1n, 2n]);
    expect(await revisions({ fromRevision: 1n })).toEqual([1n, 2n]);
    expect(await revisions({ fromRevision: 9n })).toEqual([]);
    expect(await revisions({ maxCount: 2 })).toEqual([0n, 1n]);
    expect(await revisions({ direction: BACKWARDS, fromRevision: END })).toEqual([2n, 1n, 0n]);
    expect(await revisions({ direction: BACKWARDS, fromRevision: 1n })).toEqual([1n, 0n]);
    await expect(all(client.readStream('c-1'))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('goes through $all forwards from a place that is included, backwards from one that is not', async () => {
    const { client, places } = await filled();
    const commits = async (options: Parameters<typeof client.readAll>[0]) =>
      (await all(client.readAll(options))).map(({ event }) => event?.position.commit);
    const [, second, third] = places;
    const expected = places.map(({ commit }) => commit);
    expect(await commits({ fromPosition: second ?? START })).toEqual(expected.slice(1));
    expect(await commits({ fromPosition: END })).toEqual([]);
    expect(await commits({ direction: BACKWARDS, fromPosition: END, maxCount: 2 })).toEqual(
      expected.slice(2).toReversed(),
    );
    expect(await commits({ direction: BACKWARDS, fromPosition: third ?? END })).toEqual(
      expected.slice(0, 2).toReversed(),
    );
  });

  it('refuses a place within an event', async () => {
    const { client, places } = await filled();
    const within = { commit: (places[1]?.commit ?? 0n) + 1n, prepare: 0n };
    await expect(all(client.readAll({ fromPosition: within }))).rejects.toMatchObject({ code: 3 });
  });

  it('refuses to go back from a place beyond its end', async () => {
    const { client, places } = await filled();
    const beyond = { commit: (places.at(-1)?.commit ?? 0n) + 1_000_000n, prepare: 0n };
    const read = client.readAll({ direction: BACKWARDS, fromPosition: beyond });
    await expect(all(read)).rejects.toMatchObject({ code: 3 });
  });

  it('waits for a client that does not read, and ends the call when it goes', async () => {
    const { server, client } = await started();
    for (let i = 0; i < 20; i++) {
      await client.appendToStream(
        'a-1',
        Array.from({ length: 10 }, () => anEvent('Large', 40_000)),
      );
    }
    const idle = client.readStream('a-1');
    await until('the call is open', () => server.openCalls('read') === 1);
    expect(await all(client.readStream('a-1'))).toHaveLength(200);
    expect(server.openCalls('read')).toBe(1); // 8 MB are on their way and have no room
    idle.resume();
    await idle.cancel();
    await until('the call is over', () => server.openCalls('read') === 0);
  });
});

describe('a subscription to $all', () => {
  it('delivers what is there after a place, says that it has caught up, then what comes', async () => {
    const { server, client } = await started();
    const { position } = await client.appendToStream('a-1', anEvent());
    await client.appendToStream('a-1', anEvent());
    const { seen, subscription } = follow(client, { fromPosition: position ?? START });
    await until('it has caught up', () => seen.includes('caught up'));
    await client.appendToStream('b-1', anEvent());
    await until('the last has come', () => seen.length === 3);
    expect(seen).toEqual(['a-1@1', 'caught up', 'b-1@0']);
    await subscription.unsubscribe();
    await until('the call is over', () => server.openCalls('subscription') === 0);
  });

  it.each([
    ['prefixes of the stream', streamNameFilter({ prefixes: ['a-', 'c-'] }), ['a-1@0', 'c-1@0']],
    ['an expression for the stream', streamNameFilter({ regex: '^[bc]' }), ['b-1@0', 'c-1@0']],
    ['prefixes of the type', eventTypeFilter({ prefixes: ['b'] }), ['b-1@0']],
    ['an expression for the type', eventTypeFilter({ regex: '^(?!b)' }), ['a-1@0', 'c-1@0']],
  ])('keeps to a filter by %s', async (_, filter, expected) => {
    const { client } = await started();
    for (const name of ['a', 'b', 'c']) await client.appendToStream(`${name}-1`, anEvent(name));
    const { seen } = follow(client, { filter });
    await until('it has caught up', () => seen.includes('caught up'));
    expect(seen).toEqual([...expected, 'caught up']);
  });

  const checkpoints = async (server: EventStoreDbServer, client: EventStoreDBClient) => {
    for (let i = 0; i < 10; i++) await client.appendToStream(`a-${i}`, anEvent());
    const told: { readonly commit: bigint; readonly after: number }[] = [];
    const { seen } = follow(client, {
      filter: streamNameFilter({
        prefixes: ['a-'],
        maxSearchWindow: 4,
        checkpointReached: (_subscription, { commit }) => {
          told.push({ commit, after: server.openCalls('subscription') === 1 ? seen.length : -1 });
        },
      }),
    });
    await until('it has caught up', () => seen.includes('caught up'));
    const places = (await all(client.readAll())).map(({ event }) => event?.position.commit);
    return { told, places };
  };

  it('tells checkpoints at intervals, at what has been delivered', async () => {
    const { server, client } = await started();
    const { told, places } = await checkpoints(server, client);
    expect(told.map(({ commit }) => commit)).toEqual([places[3], places[7], places[9]]);
  });

  it('tells them ahead of what has been delivered, when it is to', async () => {
    const { server, client } = await started();
    server.faults.runCheckpointsAhead(true);
    const { told, places } = await checkpoints(server, client);
    expect(told[0]).toEqual({ commit: places[9], after: 0 });
  });

  it('is dropped, silenced and ended by a restart, when it is to', async () => {
    const { server, client } = await started();
    const { seen } = follow(client);
    await until('it has caught up', () => seen.includes('caught up'));
    server.faults.silenceSubscriptions(true);
    await client.appendToStream('a-1', anEvent());
    expect(server.openCalls('subscription')).toBe(1);
    server.faults.dropCalls();
    await until('it has failed', () => seen.length === 2);
    expect(seen).toEqual(['caught up', 'error unavailable']);

    server.faults.silenceSubscriptions(false);
    const next = follow(client);
    await until('it has caught up', () => next.seen.includes('caught up'));
    expect(next.seen).toEqual(['a-1@0', 'caught up']);
    const comeBack = await server.faults.goAway();
    await until('it has failed', () => next.seen.length === 3);
    expect(next.seen[2]).toMatch(/^error (unavailable|cancelled)$/);
    expect(server.openCalls()).toBe(0);
    await comeBack();
  });
});

describe('the file', () => {
  const aFile = () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-eventstoredb-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return join(folder, 'events.ndjson');
  };

  it('brings everything back that was acknowledged, and not the line that was cut off', async () => {
    const file = aFile();
    const before = await started({ file });
    const events = [anEvent(), anEvent()];
    const first = await before.client.appendToStream('a-1', events, { expectedRevision: 'no_stream' });
    const last = await before.client.appendToStream('b-Größe', anEvent());
    const everything = await all(before.client.readAll());
    await before.client.dispose();
    await before.server.close();
    appendFileSync(file, '[{"stream":"a-1","revision":');

    const { server, client } = await started({ file });
    expect(server.size()).toBe(3);
    expect(await all(client.readAll())).toEqual(everything);
    expect(await client.appendToStream('a-1', events, { expectedRevision: 'no_stream' })).toEqual(first);
    const next = await client.appendToStream('a-1', anEvent(), { expectedRevision: 1n });
    expect(next.position?.commit).toBeGreaterThan(last.position?.commit ?? 0n);
    await client.dispose();
    await server.close();

    expect((await started({ file })).server.size()).toBe(4);
  });
});

describe('a cluster', () => {
  it('is this node alone, which leads', async () => {
    const { server } = await started();
    const client = EventStoreDBClient.connectionString(
      `esdb://127.0.0.1:${server.port},127.0.0.1:${server.port}?tls=false&nodePreference=leader`,
    );
    onTestFinished(() => client.dispose());
    expect(await client.appendToStream('a-1', anEvent())).toMatchObject({ success: true, nextExpectedRevision: 0n });
  });
});
