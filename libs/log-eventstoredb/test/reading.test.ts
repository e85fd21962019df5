import { streamName } from '@signalbox/event-sourcing';
import { until } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { aForeignEvent, anEvent, aServer, aStream, NOW, openAt, testTimers } from './fixtures.ts';

const foreign = (count: number) => Array.from({ length: count }, aForeignEvent);

describe('reading a store that is not ours alone', () => {
  it('passes over the events of the system and of others, and fills its pages all the same', async () => {
    const server = await aServer();
    const log = await openAt(server);
    const appended: (number | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      server.write('$stats-127.0.0.1', foreign(7));
      server.write('thingy-1', foreign(7));
      const result = await log.append(aStream(), [anEvent()], 'no_stream');
      appended.push(result.kind === 'appended' ? result.position : undefined);
    }
    server.write('$stats-127.0.0.1', foreign(300));

    const first = await log.readAll(0, 4);
    const second = await log.readAll(first.at(-1)?.position ?? -1, 4);

    expect([...first, ...second].map(({ position }) => position)).toEqual(appended);
    expect([first.length, second.length]).toEqual([4, 2]);
    expect(await log.head()).toBe(appended.at(-1));
    expect(first[0]?.recordedAt).toBe(NOW);
  });

  it('goes back from its end, and from any event of it', async () => {
    const server = await aServer();
    const log = await openAt(server);
    expect(await log.readBack(Number.POSITIVE_INFINITY, 10)).toEqual([]);
    for (let i = 0; i < 12; i++) {
      await log.append(aStream(), [anEvent(), anEvent()], 'no_stream');
      server.write('$stats-127.0.0.1', foreign(200));
    }
    const all = await log.readAll(0, 100);
    const newest = all.toReversed();
    expect(await log.readBack(Number.POSITIVE_INFINITY, 100)).toEqual(newest);
    expect(await log.readBack(Number.POSITIVE_INFINITY, 5)).toEqual(newest.slice(0, 5));
    for (const [at, event] of newest.entries()) {
      expect(await log.readBack(event.position, 3)).toEqual(newest.slice(at + 1, at + 4));
    }
  });

  it('has its head at 0 while everything is of others', async () => {
    const server = await aServer();
    server.write('thingy-1', foreign(50));
    const log = await openAt(server);
    server.write('thingy-1', foreign(2_000));
    expect(await log.head()).toBe(0);
    expect(await log.readAll(0, 10)).toEqual([]);
  });

  it('stops, loudly, at an event in one of its own streams that it has not written', async () => {
    const server = await aServer();
    const log = await openAt(server);
    server.write('thing-1', foreign(1));
    await expect(log.readStream(streamName('thing', '1'))).rejects.toMatchObject({ code: 'UNREADABLE_EVENT' });
    await expect(log.readAll(0, 10)).rejects.toMatchObject({ code: 'UNREADABLE_EVENT' });
    await expect(log.head()).rejects.toMatchObject({ code: 'UNREADABLE_EVENT' });
  });
});

describe('a read', () => {
  it('leaves no call behind, however it ends', async () => {
    const server = await aServer();
    const log = await openAt(server);
    for (let i = 0; i < 5; i++) await log.append(aStream(), [anEvent()], 'no_stream');
    server.write('thingy-1', foreign(5));
    for (let i = 0; i < 20; i++) await log.head();
    await log.readAll(0, 2);
    await log.readStream(aStream());
    await until('no read is open', () => server.openCalls('read') === 0);
    await log.close();
    await until('nothing is open', () => server.openCalls() === 0);
  });

  it('is made again when it is dropped on the way, and gives everything', async () => {
    const server = await aServer();
    const troubles: unknown[] = [];
    const log = await openAt(server, { onTrouble: (error) => troubles.push(error) });
    const stream = aStream();
    const events = Array.from({ length: 40 }, () => anEvent());
    await log.append(stream, events, 'no_stream');
    server.faults.slowReads(1);
    const reading = log.readStream(stream);
    await until('the read is open', () => server.openCalls('read') === 1);
    server.faults.dropCalls();
    server.faults.slowReads(0);
    expect((await reading).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(troubles).toHaveLength(1);
  });

  it('is never taken for whole when the client was replaced under it', async () => {
    const server = await aServer();
    const timers = testTimers();
    const log = await openAt(server, { timers });
    const stream = aStream();
    const events = Array.from({ length: 40 }, () => anEvent());
    await log.append(stream, events, 'no_stream');
    const before = server.size();
    server.faults.loseNextAnswer('silent');
    const appending = log.append(aStream(), [anEvent()], 'no_stream');
    await until('the append is committed', () => server.size() === before + 1);
    const overdue = timers.waitingFor(5_000);
    server.faults.slowReads(1);
    const reading = log.readStream(stream);
    await until('the read is open', () => server.openCalls('read') === 1 && timers.waitingFor(5_000) > overdue);
    timers.pass(5_000);
    server.faults.slowReads(0);
    expect((await reading).map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(await appending).toMatchObject({ kind: 'appended', revision: 0 });
  });

  it('refuses positions that are not exact numbers any more', async () => {
    const server = await aServer({ firstPosition: Number.MAX_SAFE_INTEGER - 2_000 });
    const log = await openAt(server);
    const big = anEvent({ data: new Uint8Array(4_000) });
    await log.append(aStream(), [big], 'no_stream');
    await expect(log.append(aStream(), [anEvent()], 'no_stream')).rejects.toThrow(RangeError);
  });
});
