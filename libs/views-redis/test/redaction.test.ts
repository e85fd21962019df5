import { type SessionCommand, type SessionEvent, session } from '@signalbox/domain';
import { bindProjection, type Decoded, type StreamName, streamName } from '@signalbox/event-sourcing';
import { discovery, feeds, sessionDueTimes, sessions } from '@signalbox/read-models/projections';
import {
  anAnswer,
  anExpiry,
  anOffer,
  answeredAt,
  answeredTtlMs,
  metadata,
  seededChance,
  someCandidates,
} from '@signalbox/testing';
import {
  type Keyspace,
  type Redis,
  redisDiscovery,
  redisDueTimes,
  redisFeeds,
  redisSessions,
} from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { aReadSide, keysOf } from './redis.ts';

const due = answeredAt + answeredTtlMs;

/** Of the session that is redacted, and of nothing else. */
const CONTENT = ['sdp-of-the-offer', 'sdp-of-the-answer', 'a-host.local', '192.0.2.7', 'a-tag'];

const commands: readonly SessionCommand[] = [
  anOffer({ sdp: 'sdp-of-the-offer', tags: ['a-tag'] }),
  someCandidates({ by: 'alice', batchId: 'a', candidates: [{ candidate: 'candidate:1', address: 'a-host.local' }] }),
  someCandidates({ by: 'mallory', batchId: 'm', candidates: [{ candidate: 'candidate:2', address: 'a-host.local' }] }),
  anAnswer({ sdp: 'sdp-of-the-answer', matchedTags: ['a-tag'] }),
  someCandidates({ by: 'bob', batchId: 'b', candidates: [{ candidate: 'candidate:3', address: '192.0.2.7' }] }),
  someCandidates({ by: 'alice', batchId: 'c', candidates: [{ candidate: 'candidate:4', address: '192.0.2.7' }] }),
];

const redaction: SessionCommand = { type: 'RedactSession', reason: 'erasure', policy: 'erasure-1', now: due + 1 };

const historyOf = (id: string, given: readonly SessionCommand[]): readonly Decoded<SessionEvent>[] => {
  let state = session.initial;
  const events: SessionEvent[] = [];
  for (const command of given) {
    const decision = session.decide(command, state);
    if (decision.kind === 'rejected') throw new Error(decision.rejection.code);
    events.push(...decision.events);
    state = decision.events.reduce(session.evolve, state);
  }
  return events.map((event, revision) => ({
    ...{ id: `event-${revision}`, stream: streamName('session', id), revision, position: revision + 1, event },
    ...{ recordedAt: answeredAt, metadata: metadata(), keyId: null, hash: null, previousHash: null },
  }));
};

/** Every projection that keeps something of a session. `readable` is what the log still tells of it. */
const projectionsOf = (keyspace: Keyspace, readable: readonly Decoded<SessionEvent>[]) => {
  const refetch = async (stream: StreamName, from: number) =>
    readable.filter((one) => one.stream === stream && one.revision >= from);
  return [
    bindProjection(sessions, redisSessions(keyspace), refetch),
    bindProjection(discovery, redisDiscovery(keyspace, { chance: seededChance(1) }), refetch),
    bindProjection(feeds, redisFeeds(keyspace, { logId: async () => 'log-1' }).view, refetch),
    bindProjection(sessionDueTimes, redisDueTimes(keyspace).sessions, refetch),
  ];
};

const show = async (
  projections: ReturnType<typeof projectionsOf>,
  events: readonly Decoded<SessionEvent>[],
): Promise<void> => {
  const last = events.at(-1);
  if (last) for (const projection of projections) await projection.apply(events, last.position);
};

/** Every key with all that it holds, as text. */
const everything = async (redis: Redis): Promise<string> => {
  const contents = await Promise.all(
    (await keysOf(redis)).map(async (key) => {
      const type = await redis.send('TYPE', key);
      const ask: Readonly<Record<string, readonly string[]>> = {
        string: ['GET', key],
        hash: ['HGETALL', key],
        zset: ['ZRANGE', key, '0', '-1'],
        set: ['SMEMBERS', key],
        list: ['LRANGE', key, '0', '-1'],
      };
      const [command = '', ...rest] = ask[String(type)] ?? [];
      return JSON.stringify([key, await redis.send(command, ...rest)]);
    }),
  );
  return contents.join('\n');
};

const found = (text: string) => CONTENT.filter((one) => text.includes(one));

describe('a session that was redacted', () => {
  for (const [how, given, has] of [
    ['while it is open', commands.slice(0, 3), ['sdp-of-the-offer', 'a-host.local', 'a-tag']],
    ['while it is answered', commands, ['sdp-of-the-offer', 'sdp-of-the-answer', 'a-host.local', '192.0.2.7', 'a-tag']],
    ['after its end', [...commands, anExpiry({ now: due })], CONTENT],
  ] as const) {
    it(`leaves no byte of what it carried in any key, when it was redacted ${how}`, async () => {
      const { redis, live } = await aReadSide();
      const history = historyOf('one', [...given, redaction]);
      const projections = projectionsOf(live, history);
      await show(projections, history.slice(0, -1));
      expect(found(await everything(redis))).toEqual(has);
      await show(projections, history.slice(-1));
      expect(found(await everything(redis))).toEqual([]);
      await show(projections, history);
      expect(found(await everything(redis))).toEqual([]);
    });
  }

  it('is shown by what is left of it alone', async () => {
    const { redis, live } = await aReadSide();
    const left = historyOf('one', [...commands, redaction]).slice(-1);
    await show(projectionsOf(live, left), left);
    expect(found(await everything(redis))).toEqual([]);
    const stream = streamName('session', 'one');
    expect((await redisSessions(live).read([stream])).get(stream)).toEqual({
      revision: left[0]?.revision,
      row: undefined,
    });
  });

  it('leaves nothing of its events in rows that come to know of it late', async () => {
    const { redis, live } = await aReadSide();
    const history = historyOf('one', [...commands, redaction]);
    // Two events were seen when the key was destroyed; what lies between is unreadable by now.
    await show(projectionsOf(live, history), history.slice(0, 2));
    const left = history.slice(-1);
    await show(projectionsOf(live, left), left);
    expect(found(await everything(redis))).toEqual([]);
  });
});
