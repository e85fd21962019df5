import type { SessionEvent } from '@signalbox/domain';
import { bindProjection } from '@signalbox/event-sourcing';
import type { SessionRow } from '@signalbox/read-models';
import { sessions } from '@signalbox/read-models/projections';
import { fakeClock, settle, t0, until } from '@signalbox/testing';
import { type Keyspace, LOCK_MS, RebuildLost, redisSessions, ViewsUnavailable } from '@signalbox/views-redis';
import { describe, expect, it } from 'vitest';
import { aHistory, type History } from './history.ts';
import { aReadSide, connect, generationsOf, keysOf, switchToEmpty } from './redis.ts';

const history = aHistory(7, 600);

const projectionOn = (keyspace: Keyspace, { readStream }: History) =>
  bindProjection<SessionEvent, SessionRow, never>(sessions, redisSessions(keyspace), readStream);

const show = async (keyspace: Keyspace, from: number, to: number) => {
  const projection = projectionOn(keyspace, history);
  const events = history.events.slice(from, to);
  for (let i = 0; i < events.length; i += 40) {
    const batch = events.slice(i, i + 40);
    await projection.apply(batch, batch.at(-1)?.position ?? 0);
  }
};

const begun = async (generations: ReturnType<typeof generationsOf>) => {
  const rebuild = await generations.begin();
  if (rebuild === null) throw new Error('Somebody else is rebuilding.');
  return rebuild;
};

describe('generations of read models', () => {
  it('has nothing to read or write before the first was built', async () => {
    const generations = generationsOf(await connect());
    expect(await generations.current()).toBeNull();
    const view = redisSessions(generations.live);
    await expect(view.find('s1')).rejects.toThrow(ViewsUnavailable);
    await expect(view.write([], 1)).rejects.toMatchObject({ code: 'VIEWS_UNAVAILABLE' });
    await switchToEmpty(generations);
    expect(await view.find('s1')).toBeUndefined();
  });

  it('has nothing to read once Redis was emptied, until they are built again', async () => {
    const { redis, generations, live } = await aReadSide();
    const view = redisSessions(live);
    await show(live, 0, 100);
    expect(await view.checkpoint()).toBe(300);
    await redis.send('UNLINK', ...(await keysOf(redis)));
    await expect(view.checkpoint()).rejects.toThrow(ViewsUnavailable);
    expect(await generations.current()).toBeNull();
    await switchToEmpty(generations);
    expect(await view.checkpoint()).toBe(0);
  });

  it('fills a new one beside the live one, and shows nothing of it before the switch', async () => {
    const { generations, live } = await aReadSide();
    await show(live, 0, 100);
    const rebuild = await begun(generations);
    await show(rebuild.keyspace, 0, 60);
    expect(await redisSessions(rebuild.keyspace).checkpoint()).toBe(180);
    expect(await redisSessions(live).checkpoint()).toBe(300);
    await rebuild.seal();
    await rebuild.switchTo();
    expect(await generations.current()).toBe(rebuild.generation);
    expect(await redisSessions(live).checkpoint()).toBe(180);
    await show(rebuild.keyspace, 60, 80);
    expect(await redisSessions(live).checkpoint()).toBe(240);
  });

  it('lets the live one be read but not written once it is sealed, for as long as the lock is held', async () => {
    const { generations, live } = await aReadSide();
    await show(live, 0, 40);
    const rebuild = await begun(generations);
    await show(live, 40, 80);
    await rebuild.seal();
    await expect(show(live, 80, 120)).rejects.toThrow(ViewsUnavailable);
    expect(await redisSessions(live).checkpoint()).toBe(240);
    await show(rebuild.keyspace, 0, 40);
    await rebuild.giveUp();
    await show(live, 80, 120);
    expect(await redisSessions(live).checkpoint()).toBe(360);
  });

  it('does not let one take the place of another that still takes writes', async () => {
    const { generations, live } = await aReadSide();
    const before = await generations.current();
    const rebuild = await begun(generations);
    await expect(rebuild.switchTo()).rejects.toThrow('UNSEALED');
    expect(await generations.current()).toBe(before);
    await show(live, 0, 40);
  });

  it('fails no read and loses no event while one takes the place of another under readers and a writer', async () => {
    const { redis, generations, live } = await aReadSide();
    const reader = redisSessions(generationsOf(await connect({ namespace: redis.namespace })).live);
    const writer = generationsOf(await connect({ namespace: redis.namespace }));
    await show(live, 0, 200);
    let recorded = 200;
    let isDone = false;
    let reads = 0;
    const known = history.events.slice(0, 200).map(({ stream }) => stream);

    const reading = async () => {
      while (!isDone) {
        const [rows, count] = await Promise.all([reader.read(known), reader.liveCount(t0)]);
        expect(rows.size).toBe(new Set(known).size);
        expect(count).toBeGreaterThan(0);
        reads++;
      }
    };
    const writing = async () => {
      while (recorded < history.events.length) {
        // What a projector does: the same batch again until it is taken.
        await until('the batch is taken', async () => {
          await show(writer.live, recorded, recorded + 5);
          return true;
        });
        recorded += 5;
      }
      isDone = true;
    };
    const rebuilding = async () => {
      while (!isDone) {
        const rebuild = await begun(generations);
        const most = recorded;
        await show(rebuild.keyspace, 0, most);
        await rebuild.seal();
        // What is written to the live one is in the log before; at most one batch was on its way.
        await show(rebuild.keyspace, most, recorded + 5);
        await rebuild.switchTo();
        await generations.dropOthers();
      }
    };
    await Promise.all([reading(), reading(), writing(), rebuilding()]);

    const alone = await aReadSide();
    await show(alone.live, 0, history.events.length);
    const streams = [...new Set(history.events.map(({ stream }) => stream))];
    expect(await reader.read(streams)).toEqual(await redisSessions(alone.live).read(streams));
    expect(reads).toBeGreaterThan(10);
  });

  it('has a change made again that was made from a generation that was left meanwhile', async () => {
    const { redis, generations, live } = await aReadSide();
    const view = redisSessions(live);
    await show(live, 0, 40);
    const [event] = history.events;
    const stream = event?.stream ?? ('' as never);
    const known = (await view.read([stream])).get(stream);
    const after = known?.revision ?? -1;
    const change = { stream, after, revision: after + 1, position: 1_000, recordedAt: 0, row: known?.row, out: [] };
    await switchToEmpty(generationsOf(redis));
    expect(await view.write([change], 1_000)).toEqual([stream]);
    expect(await view.checkpoint()).toBe(0);
    expect(await view.write([change], 1_000)).toEqual([stream]);
    expect(await view.write([{ ...change, after: -1 }], 1_000)).toEqual([]);
    expect(await view.checkpoint()).toBe(1_000);
    expect(await generations.current()).not.toBeNull();
  });

  it('lets one fill a new one at a time', async () => {
    const { redis, generations } = await aReadSide();
    const rival = generationsOf(await connect({ namespace: redis.namespace }));
    const rebuild = await begun(generations);
    expect(await rival.begin()).toBeNull();
    await rebuild.giveUp();
    await (await begun(rival)).giveUp();
  });

  it('keeps the lock for as long as it takes', async () => {
    const { redis, generations, clock } = await aReadSide();
    const rebuild = await begun(generations);
    await rebuild.seal();
    for (let i = 0; i < 3; i++) {
      await redis.send('PEXPIRE', `${redis.namespace}:rebuild`, 500);
      await redis.send('PEXPIRE', `${redis.namespace}:sealed`, 500);
      await clock.advance(LOCK_MS / 5);
      await until(
        'the lock is renewed',
        async () => Number(await redis.send('PTTL', `${redis.namespace}:rebuild`)) > 500,
      );
      expect(Number(await redis.send('PTTL', `${redis.namespace}:sealed`))).toBeGreaterThan(500);
      await settle();
    }
    await rebuild.switchTo();
    expect(rebuild.signal.aborted).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('lets another take over from one that went silent, who can write and switch no more', async () => {
    const { redis, generations, live } = await aReadSide();
    const rival = generationsOf(await connect({ namespace: redis.namespace }));
    const silent = await begun(generations);
    await silent.seal();
    await show(silent.keyspace, 0, 40);
    // As if its time had passed.
    await redis.send('DEL', `${redis.namespace}:rebuild`, `${redis.namespace}:sealed`);

    const heir = await begun(rival);
    await expect(show(silent.keyspace, 40, 80)).rejects.toThrow(RebuildLost);
    expect(silent.signal.aborted).toBe(true);
    await expect(silent.seal()).rejects.toMatchObject({ code: 'REBUILD_LOST' });
    await expect(silent.switchTo()).rejects.toThrow(RebuildLost);
    await silent.giveUp();

    await show(heir.keyspace, 0, 80);
    await heir.seal();
    await heir.switchTo();
    expect(await redisSessions(live).checkpoint()).toBe(240);
    await rival.dropOthers();
    expect(await keysOf(redis, `${silent.generation}:*`)).toEqual([]);
  });

  it('notices a lost lock when it renews it', async () => {
    const { redis, generations, clock } = await aReadSide();
    const rebuild = await begun(generations);
    await redis.send('DEL', `${redis.namespace}:rebuild`);
    await clock.advance(LOCK_MS / 5);
    await until('it is noticed', () => rebuild.signal.aborted);
    expect(rebuild.signal.reason).toBeInstanceOf(RebuildLost);
    expect(clock.pending).toBe(0);
  });

  it('drops what is neither live nor being filled, and nothing else', async () => {
    const { redis, generations, live } = await aReadSide();
    const old = await generations.current();
    await show(live, 0, 100);
    const rebuild = await begun(generations);
    await show(rebuild.keyspace, 0, 100);
    await rebuild.seal();
    await rebuild.switchTo();
    const next = await begun(generations);
    await show(next.keyspace, 0, 100);
    const kept = [
      ...(await keysOf(redis, `${rebuild.generation}:sessions:*`)),
      ...(await keysOf(redis, `${next.generation}:sessions:*`)),
    ];
    expect(kept.length).toBeGreaterThan(8);
    expect((await keysOf(redis, `${old}:*`)).length).toBeGreaterThan(4);
    await generations.dropOthers();
    expect(await keysOf(redis, `${old}:*`)).toEqual([]);
    expect(await keysOf(redis, '*:sessions:*')).toEqual(kept.toSorted());
    expect(await redis.send('SCARD', `${redis.namespace}:generations`)).toBe(2);
  });

  it('tells whoever wants to know that another has become the live one', async () => {
    const { redis, generations } = await aReadSide();
    const other = generationsOf(await connect({ namespace: redis.namespace }), fakeClock(t0));
    let told = 0;
    const stop = other.onSwitched(() => told++);
    await until('somebody listens', async () => {
      const listening = await redis.send('PUBSUB', 'NUMSUB', `${redis.namespace}:generation`);
      return (listening as readonly unknown[])[1] === 1;
    });
    await switchToEmpty(generations);
    await until('it is told', () => told === 1);
    stop();
  });
});
