import { laneOf, streamName } from '@signalbox/event-sourcing';
import { metadata } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { headersOf } from '../src/message.ts';
import { aBus, aLog, aMember, aPublisher, aStranger, byStream, sharedBrokers, someEvents } from './kit.ts';

describe.runIf(sharedBrokers)('publishing', () => {
  it('carries every field of an event, and its bytes as they are', async () => {
    const { options } = await aBus();
    const log = aLog();
    const plain = log.next('a', { metadata: metadata({ trace: null, authorisation: null }) });
    const sealed = log.next('a', {
      data: Uint8Array.from({ length: 256 }, (_, index) => index),
      keyId: 'epoch-1',
      hash: new Uint8Array(32).fill(1),
      previousHash: new Uint8Array(32).fill(2),
    });
    await aPublisher(options).publish([plain, sealed], 0);

    const member = aMember(options, 'readers');
    await member.has(2);
    expect(member.handled).toEqual([plain, sealed]);
  });

  it('puts the events of a lane into one partition, keyed by stream, in the order of the log', async () => {
    const { options, topics } = await aBus({ partitions: 4 });
    const events = someEvents(aLog(), 200, 20);
    await aPublisher(options).publish(events, 7);

    const messages = await aStranger(options.brokers).messagesOf(topics.events, 200);
    expect(messages).toHaveLength(200);
    for (const { partition, key } of messages)
      expect(partition).toBe(laneOf(streamName('session', key?.slice(8) ?? '')) % 4);
    const sent = byStream(events);
    for (const [stream, found] of Map.groupBy(messages, ({ key }) => key ?? '')) {
      expect(found.map(({ headers }) => headers)).toEqual(
        sent
          .get(streamName('session', stream.slice(8)))
          ?.map((event) => headersOf(event, `urn:signalbox:${options.namespace}`, 7)),
      );
    }
  });

  it('takes a batch and an event that are larger than what a broker takes at once', async () => {
    const { options } = await aBus({ partitions: 1 });
    const log = aLog();
    const many = Array.from({ length: 500 }, () => log.next('a', { data: new Uint8Array(4_000).fill(65) }));
    const large = log.next('b', { data: new Uint8Array(3_000_000).fill(66) });
    const last = log.next('c');
    await aPublisher(options).publish([...many, large, last], 0);

    const member = aMember(options, 'readers');
    await member.has(502);
    expect(member.handled).toEqual([...many, large, last]);
  });

  it('says that the bus is unavailable when there is no topic', async () => {
    const { options } = await aBus();
    const [event] = someEvents(aLog(), 1, 1);
    const nowhere = aPublisher({ ...options, namespace: `${options.namespace}-nowhere` });
    await expect(nowhere.publish(event ? [event] : [], 0)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(nowhere.lastPublished()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });
});
