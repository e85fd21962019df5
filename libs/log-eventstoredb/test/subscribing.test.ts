import type { Delivery, EventLog } from '@signalbox/event-sourcing';
import { until } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { aForeignEvent, anEvent, aServer, aStream, openAt, testTimers } from './fixtures.ts';

const SILENCE_MS = 30_000;

/** A subscription that a test follows, and what it has delivered. */
const follow = (log: EventLog, after = 0) => {
  const aborter = new AbortController();
  const positions: number[] = [];
  const caughtUp: number[] = [];
  const take = (delivery: Delivery) => {
    if (delivery.kind === 'caught_up') caughtUp.push(delivery.position);
    else positions.push(...delivery.events.map(({ position }) => position));
  };
  const ended = (async () => {
    for await (const delivery of log.subscribeAll(after, { signal: aborter.signal })) take(delivery);
  })();
  return { positions, caughtUp, stop: () => aborter.abort(), ended };
};

const appendOne = async (log: EventLog): Promise<number> => {
  const result = await log.append(aStream(), [anEvent()], 'no_stream');
  if (result.kind !== 'appended') throw new Error('A new stream met a conflict.');
  return result.position;
};

describe('a subscription', () => {
  it('goes on after the last event it delivered when it is dropped, whatever checkpoints it was told', async () => {
    const server = await aServer();
    const log = await openAt(server);
    const expected: number[] = [];
    for (let i = 0; i < 150; i++) expected.push(await appendOne(log));
    server.faults.runCheckpointsAhead(true);
    server.faults.slowReads(1);
    const subscription = follow(log);
    for (const count of [30, 60, 90]) {
      await until(`${count} events have come`, () => subscription.positions.length >= count);
      server.faults.dropCalls();
    }
    await until('all have come', () => subscription.positions.length >= 150);
    expect(subscription.positions).toEqual(expected);
    subscription.stop();
    await subscription.ended;
  });

  it('outlives a restart of the server, at the tail and on the way', async () => {
    const server = await aServer();
    const log = await openAt(server);
    const subscription = follow(log);
    const expected = [await appendOne(log)];
    for (let i = 0; i < 3; i++) {
      await until('it is at the tail', () => subscription.caughtUp.at(-1) === expected.at(-1));
      await (await server.faults.goAway())();
      expected.push(await appendOne(log), await appendOne(log));
    }
    await until('all have come', () => subscription.positions.length >= expected.length);
    expect(subscription.positions).toEqual(expected);
    subscription.stop();
    await subscription.ended;
  });

  it('keeps trying for as long as the server is away', async () => {
    const server = await aServer();
    const troubles: unknown[] = [];
    const log = await openAt(server, { onTrouble: (error) => troubles.push(error) });
    const subscription = follow(log);
    await until('it is at the tail', () => subscription.caughtUp.length === 1);
    const comeBack = await server.faults.goAway();
    await until('it has been tried often', () => troubles.length > 20);
    expect(log.fault()).not.toBeNull();
    await comeBack();
    const position = await appendOne(log);
    await until('the event has come', () => subscription.positions.length === 1);
    expect(subscription.positions).toEqual([position]);
    expect(log.fault()).toBeNull();
    subscription.stop();
    await subscription.ended;
  });

  it('is begun anew when it is silent although there is more', async () => {
    const server = await aServer();
    const timers = testTimers();
    const troubles: unknown[] = [];
    const log = await openAt(server, { timers, onTrouble: (error) => troubles.push(error) });
    const subscription = follow(log);
    await until('it is at the tail', () => subscription.caughtUp.length === 1);

    timers.pass(SILENCE_MS); // nothing is missing: it stays
    await until('it waits again', () => timers.waitingFor(SILENCE_MS) === 1);
    expect(troubles).toEqual([]);
    expect(server.openCalls('subscription')).toBe(1);

    server.faults.silenceSubscriptions(true);
    const position = await appendOne(log);
    server.faults.silenceSubscriptions(false); // what is open stays as it was: it has not been told
    timers.pass(SILENCE_MS);
    await until('the event has come', () => subscription.positions.length === 1);
    expect(subscription.positions).toEqual([position]);
    expect(troubles).toMatchObject([{ code: 'NO_ANSWER' }]);
    subscription.stop();
    await subscription.ended;
  });

  it('delivers nothing of others, and is not kept from the tail by them', async () => {
    const server = await aServer();
    const log = await openAt(server);
    const write = () => server.write('$stats-1', Array.from({ length: 500 }, aForeignEvent));
    write();
    const expected = [await appendOne(log)];
    write();
    const subscription = follow(log);
    await until('it is at the tail', () => subscription.caughtUp.length > 0);
    expect(subscription.caughtUp[0]).toBe(expected[0]);
    write();
    expected.push(await appendOne(log));
    await until('both have come', () => subscription.positions.length === 2);
    expect(subscription.positions).toEqual(expected);
    subscription.stop();
    await subscription.ended;
  });

  it('gives its call back when it is aborted, even while its reader does something else', async () => {
    const server = await aServer();
    const log = await openAt(server);
    for (let i = 0; i < 300; i++) await appendOne(log);
    const aborter = new AbortController();
    const iterator = log.subscribeAll(0, { signal: aborter.signal })[Symbol.asyncIterator]();
    expect((await iterator.next()).done).toBe(false);
    expect(server.openCalls('subscription')).toBe(1);
    aborter.abort();
    await until('the call has ended', () => server.openCalls('subscription') === 0);
    expect((await iterator.next()).done).toBe(true);
    await log.close();
    await until('nothing is open', () => server.openCalls() === 0);
  });

  it('ends with an error when its place is none in this store', async () => {
    const server = await aServer();
    const log = await openAt(server);
    const position = await appendOne(log);
    await appendOne(log);
    await expect(follow(log, position + 1).ended).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
  });
});
