import { describe, expect, it } from 'vitest';
import { aBus, aLog, aPublisher, aStranger, sharedBrokers, someEvents, untilAnswered } from './kit.ts';

describe.runIf(sharedBrokers)('the last published position', () => {
  it('is 0 while the bus holds nothing', async () => {
    const { options } = await aBus();
    expect(await untilAnswered(aPublisher(options).lastPublished)).toBe(0);
  });

  it('is that before the last batch: everything up to it was acknowledged', async () => {
    const { options } = await aBus();
    const publisher = aPublisher(options);
    const log = aLog();
    await publisher.publish(someEvents(log, 30, 10), 0);
    expect(await untilAnswered(publisher.lastPublished)).toBe(0);
    await publisher.publish(someEvents(log, 1, 1), 300);
    expect(await untilAnswered(publisher.lastPublished)).toBe(300);
  });

  it('is the largest that any partition vouches for, also after a former leader wrote behind the new one', async () => {
    const { options } = await aBus();
    const publisher = aPublisher(options);
    const log = aLog();
    const first = someEvents(log, 30, 10);
    await publisher.publish(first, 0);
    await publisher.publish(someEvents(log, 30, 10), 300);
    await aPublisher(options).publish(first.slice(0, 3), 0);
    expect(await untilAnswered(publisher.lastPublished)).toBe(300);
  });

  it('passes over what is no event', async () => {
    const { options, topics } = await aBus({ partitions: 2 });
    const publisher = aPublisher(options);
    const log = aLog();
    await publisher.publish(someEvents(log, 10, 10), 0);
    await publisher.publish(someEvents(log, 10, 10), 100);
    await aStranger(options.brokers).send(topics.events, [{ partition: 0, key: 'x', value: 'not an event' }]);
    expect(await untilAnswered(publisher.lastPublished)).toBe(100);
  });

  it('does without what retention has removed', async () => {
    const { options, topics } = await aBus({ partitions: 1 });
    const publisher = aPublisher(options);
    const log = aLog();
    await publisher.publish(someEvents(log, 10, 1), 0);
    await publisher.publish(someEvents(log, 10, 1), 100);
    const stranger = aStranger(options.brokers);
    const remove = (offset: string) =>
      stranger.asking(async (admin) => {
        await admin.fetchTopicOffsets(topics.events); // makes the library know the topic
        await admin.deleteTopicRecords({ topic: topics.events, partitions: [{ partition: 0, offset }] });
      });
    await remove('15');
    expect(await untilAnswered(publisher.lastPublished)).toBe(100);
    await remove('20');
    expect(await untilAnswered(publisher.lastPublished)).toBe(0);
  });

  it('leaves no group behind', async () => {
    const { options } = await aBus();
    const publisher = aPublisher(options);
    await publisher.publish(someEvents(aLog(), 10, 10), 0);
    await untilAnswered(publisher.lastPublished);
    const { groups } = await aStranger(options.brokers).asking((admin) => admin.listGroups());
    expect(groups.filter(({ groupId }) => groupId.startsWith(options.namespace))).toEqual([]);
  });
});
