import type { NewEvent, StreamName } from '@signalbox/event-sourcing';
import { until } from '@signalbox/testing';
import { startEventStoreDbDouble } from '@signalbox/testing/engines';
import { describe, expect, it, onTestFinished } from 'vitest';
import { anEvent, aServer, aStream, HASTY, openAt, testTimers } from './fixtures.ts';

const ATTEMPT_MS = 5_000;

/** The log at a server, with what an operator would be told. */
const openWithTrouble = async (server: { readonly url: string }) => {
  const troubles: unknown[] = [];
  const timers = testTimers();
  const log = await openAt(server, { timers, onTrouble: (error) => troubles.push(error) });
  return { log, troubles, timers };
};

describe('an append whose answer is lost', () => {
  it('is written once, and answered as if nothing had been, when the call was dropped after the commit', async () => {
    const server = await aServer();
    const { log, troubles } = await openWithTrouble(server);
    const stream = aStream();
    const events = [anEvent(), anEvent()];
    const before = server.size();
    server.faults.loseNextAnswer('dropped');

    const result = await log.append(stream, events, 'no_stream');

    const seen = await log.readStream(stream);
    expect(seen.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(result).toEqual({ kind: 'appended', revision: 1, position: seen[1]?.position });
    expect(server.size()).toBe(before + 2);
    expect(troubles).toHaveLength(1);
    expect(log.fault()).toBeNull();
  });

  it('is asked about again when the answer just never comes', async () => {
    const server = await aServer();
    const { log, troubles, timers } = await openWithTrouble(server);
    const stream = aStream();
    const before = server.size();
    server.faults.loseNextAnswer('silent');

    const appending = log.append(stream, [anEvent()], 'no_stream');
    await until('the append is committed', () => server.size() === before + 1);
    expect(log.waiting()).toBe(1);
    timers.pass(ATTEMPT_MS);

    expect(await appending).toMatchObject({ kind: 'appended', revision: 0 });
    expect(server.size()).toBe(before + 1);
    expect(troubles).toMatchObject([{ code: 'NO_ANSWER' }]);
    expect(log.waiting()).toBe(0);
  });

  it('takes nothing from the appends beside it', async () => {
    const server = await aServer();
    const { log } = await openWithTrouble(server);
    const before = server.size();
    const appends = Array.from({ length: 60 }, (_, index) => {
      if (index % 20 === 10) server.faults.loseNextAnswer('dropped');
      return log.append(aStream(), [anEvent()], 'no_stream');
    });
    expect(new Set((await Promise.all(appends)).map(({ kind }) => kind))).toEqual(new Set(['appended']));
    expect(server.size()).toBe(before + 60);
  });

  it('is written once with any revision too, although the server has forgotten the ids in a restart', async () => {
    const server = await aServer();
    const { log } = await openWithTrouble(server);
    const stream = aStream();
    const event = anEvent();
    const first = await log.append(stream, [event], 'any');
    await (await server.faults.goAway())();
    const before = server.size();

    expect(await log.append(stream, [event], 'any')).toEqual(first);
    expect(server.size()).toBe(before);
  });
});

describe('an append that cannot be made', () => {
  it('is tried a bounded number of times; the fault is told until the server is back', async () => {
    const server = await aServer();
    const { log, troubles, timers } = await openWithTrouble(server);
    const comeBack = await server.faults.goAway();

    await expect(log.append(aStream(), [anEvent()], 'no_stream')).rejects.toMatchObject({
      name: 'LogUnavailable',
      code: 'LOG_UNAVAILABLE',
    });
    expect(troubles).toHaveLength(HASTY.attempts);
    expect(log.fault()).not.toBeNull();

    await comeBack();
    timers.pass(1_000); // the time after which the connection is tried again without anyone asking
    await until('the fault is over', () => log.fault() === null);
    expect(await log.append(aStream(), [anEvent()], 'no_stream')).toMatchObject({ kind: 'appended', revision: 0 });
  });

  it('gives up when its time is over, however many attempts are left', async () => {
    const server = await aServer();
    const { log, timers } = await openWithTrouble(server);
    const before = server.size();
    server.faults.loseNextAnswer('silent');
    const appending = log.append(aStream(), [anEvent()], 'no_stream');
    await until('the append is committed', () => server.size() === before + 1);
    timers.pass(10_000);
    timers.pass(ATTEMPT_MS);
    await expect(appending).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE', cause: { code: 'NO_ANSWER' } });
  });

  it('waits for a new leader', async () => {
    const server = await aServer();
    const troubles: unknown[] = [];
    let takeOver = () => {};
    const log = await openAt(server, {
      onTrouble: (error) => {
        troubles.push(error);
        if (troubles.length === 3) takeOver();
      },
    });
    takeOver = server.faults.loseLeadership();
    expect(await log.append(aStream(), [anEvent()], 'no_stream')).toMatchObject({ kind: 'appended', revision: 0 });
    expect(troubles).toMatchObject([{ type: 'not-leader' }, { type: 'not-leader' }, { type: 'not-leader' }]);
  });

  it('is refused as the mistake it is when it is larger than the server takes', async () => {
    const { log, troubles } = await openWithTrouble(await aServer());
    const event = anEvent({ data: new Uint8Array((16 << 20) + 1) });
    await expect(log.append(aStream(), [event], 'no_stream')).rejects.toThrow(RangeError);
    expect(troubles).toEqual([]);
  });
});

describe.each([
  ['in one call for all appends', true],
  ['in a call for each append, as to a server that knows no other way', false],
])('appending %s', (_, batchAppend) => {
  it('tells a conflict with the actual revision, and a repetition with the first result', async () => {
    const log = await openAt(await aServer({ batchAppend }));
    const stream = aStream();
    const event = anEvent();
    const first = await log.append(stream, [event], 'no_stream');
    expect(first).toEqual({ kind: 'appended', revision: 0, position: await log.head() });
    expect(await log.append(stream, [anEvent()], 'no_stream')).toEqual({ kind: 'conflict', actual: 0 });
    expect(await log.append(stream, [anEvent()], 7)).toEqual({ kind: 'conflict', actual: 0 });
    expect(await log.append(aStream(), [anEvent()], 7)).toEqual({ kind: 'conflict', actual: 'no_stream' });
    expect(await log.append(stream, [event], 'no_stream')).toEqual(first);
  });

  it('writes once what was dropped after the commit', async () => {
    const server = await aServer({ batchAppend });
    const log = await openAt(server);
    const before = server.size();
    server.faults.loseNextAnswer('dropped');
    expect(await log.append(aStream(), [anEvent()], 'no_stream')).toMatchObject({ kind: 'appended', revision: 0 });
    expect(server.size()).toBe(before + 1);
  });
});

describe('many appends at once', () => {
  it('lose nothing and write nothing twice when the server stands still, is killed and comes back', async () => {
    const engine = await startEventStoreDbDouble();
    onTestFinished(() => engine.stop());
    const log = await openAt(engine);
    const wanted = Array.from({ length: 400 }, (): readonly [StreamName, NewEvent] => [
      aStream(),
      anEvent({ data: new Uint8Array(14_000) }),
    ]);
    const appendAll = () =>
      Promise.allSettled(wanted.map(([stream, event]) => log.append(stream, [event], 'no_stream')));

    await engine.pause();
    // More than the connection holds while nobody reads from it: what cannot leave is rejected by the kill.
    const rejected = appendAll();
    await engine.kill();
    for (const result of await rejected) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'LOG_UNAVAILABLE' } });
    }
    await engine.start();
    for (const result of await appendAll()) {
      expect(result).toMatchObject({ status: 'fulfilled', value: { kind: 'appended', revision: 0 } });
    }
    expect(await log.readAll(0, 1_000)).toHaveLength(400);
  });
});
