import { describe, expect, it } from 'vitest';
import { createTopics } from '../src/index.ts';
import { aBus, aStranger, sharedBrokers, untilAnswered } from './kit.ts';

describe.runIf(sharedBrokers)('creating topics', () => {
  const stranger = aStranger(sharedBrokers ?? []);
  const partitionsOf = (topics: string[]) =>
    stranger.asking(async (admin) => {
      const { topics: found } = await admin.fetchTopicMetadata({ topics });
      return Object.fromEntries(found.map(({ name, partitions }) => [name, partitions.length]));
    });

  it('makes those that are absent, and leaves as they are those that are there', async () => {
    const { options, topics } = await aBus({ partitions: 3 });
    await createTopics(options, { partitions: 12, replicationFactor: 1 });

    expect(await partitionsOf(Object.values(topics))).toEqual({
      [topics.events]: 3,
      [topics.deadLetters]: 1,
      [topics.election]: 1,
    });
  });

  it('is harmless when several processes do it at once', async () => {
    const { options, topics } = await aBus();
    const together = { ...options, namespace: `${options.namespace}-together` };
    const create = () => createTopics(together, { partitions: 2, replicationFactor: 1 });
    await Promise.all([create(), create(), create()]);

    expect(await partitionsOf([`${topics.events}`.replace('.events', '-together.events')])).toEqual({
      [`${together.namespace}.events.v1`]: 2,
    });
  });

  it('says that the bus is unavailable when no broker answers', async () => {
    const { options } = await aBus();
    const nobody = { ...options, brokers: ['127.0.0.1:1'] };
    await expect(createTopics(nobody, { partitions: 1, replicationFactor: 1 })).rejects.toMatchObject({
      name: 'BusUnavailable',
      code: 'BUS_UNAVAILABLE',
    });
  });

  it('lets an event be as large as the limits of a server may be set', async () => {
    const { topics } = await aBus();
    const configured = await untilAnswered(() =>
      stranger.asking((admin) =>
        admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topics.events }] }),
      ),
    );
    const entries = configured.resources[0]?.configEntries ?? [];
    expect(entries.find(({ configName }) => configName === 'max.message.bytes')?.configValue).toBe('8388608');
  });
});
