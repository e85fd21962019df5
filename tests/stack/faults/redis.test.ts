import { request } from 'undici';
import { expect, it } from 'vitest';
import { newKey, newTag, sdpOf } from '../../support/client.ts';
import { edCaller, rpcSend } from '../../support/rondevu.ts';
import { startLoad } from '../support/load.ts';
import { startProxy } from '../support/proxy.ts';
import { tellRedis } from '../support/redis.ts';
import { ownRedis, startFaultStack } from '../support/stack.ts';
import { expectWhole, summaryOf } from '../support/whole.ts';

it('Redis is killed and comes back with all, with nothing, and without its last seconds: what it lost is shown again', async ({
  annotate,
}) => {
  await using redis = await ownRedis();
  // What is in its file stays there: so it comes back from a kill with what it had when this was said.
  const stopKeeping = () => tellRedis(redis.url, 'CONFIG', 'SET', 'appendonly', 'no');
  expect(await tellRedis(redis.url, 'CONFIG', 'GET', 'appendfsync')).toEqual(['appendfsync', 'everysec']);
  await stopKeeping();
  await using stack = await startFaultStack({ redisUrl: redis.url });
  const load = await startLoad(stack);
  await load.more(60);

  const faults = {
    'killed, and comes back with nothing': () => redis.restart(),
    'killed, and comes back with all': () => redis.restart(),
    'killed, and comes back without its last seconds': async () => {
      await stopKeeping();
      await load.more(60);
      await redis.restart();
    },
  };
  for (const [what, harm] of Object.entries(faults)) {
    await harm();
    await annotate(`${redis.description}, ${what}: all flows again after ${await load.flows()} ms`);
    await load.more(30);
  }
  await expectWhole(stack, load);
  await annotate(summaryOf(load));
});

it('Redis stands still, and its connections are dropped, refused and delayed: everything comes back by itself', async ({
  annotate,
}) => {
  await using redis = await ownRedis();
  await using way = await startProxy(redis.address);
  await using stack = await startFaultStack({ redisUrl: `redis://${way.address}` });
  const load = await startLoad(stack);
  await load.more(60);

  const faults = {
    'frozen for 5 s': async () => {
      await redis.pause();
      await load.for(5_000);
      await redis.resume();
    },
    'every connection dropped': async () => expect(way.drop()).toBeGreaterThan(5),
    'no connections for 3 s': async () => {
      way.cut();
      await load.for(3_000);
      way.mend();
    },
    'every packet 150 ms late for 4 s': async () => {
      way.delay(150);
      await load.for(4_000);
      way.mend();
    },
  };
  for (const [what, harm] of Object.entries(faults)) {
    await harm();
    await annotate(`Redis, ${what}: all flows again after ${await load.flows()} ms`);
    await load.more(30);
  }
  await expectWhole(stack, load);
  await annotate(summaryOf(load));
});

it('Redis stands still: callers of /rpc are told so, item by item, and not that the server has failed', async () => {
  await using redis = await ownRedis();
  await using stack = await startFaultStack({ redisUrl: redis.url });
  const offer = () =>
    edCaller(newKey()).signed('publishOffer', { tags: [newTag()], offers: [{ sdp: sdpOf('fault') }] });
  expect((await rpcSend(stack, offer())).results).toMatchObject([{ success: true }]);
  await redis.pause();
  const answer = await rpcSend(stack, offer()).finally(() => redis.resume());
  expect(answer.results).toMatchObject([{ success: false, errorCode: 'VIEWS_UNAVAILABLE' }]);
  const { dispatcher } = stack;
  const metrics = await request(`${stack.one('gateway').url}/metrics`, { dispatcher }).then(({ body }) => body.text());
  expect(metrics).toMatch(/^signalbox_rpc_failures_total\{code="VIEWS_UNAVAILABLE".*\} 1$/m);
});
