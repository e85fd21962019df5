import { systemChance } from '@signalbox/runtime';
import { expect, it } from 'vitest';
import { ed25519Caller, newTag, prepare, sdpOf, transmit, v1 } from '../../support/client.ts';
import { untilAcknowledged } from '../support/client.ts';
import { startLoad } from '../support/load.ts';
import { tellRedis } from '../support/redis.ts';
import { ownRedis, startFaultStack } from '../support/stack.ts';
import { expectWhole, summaryOf } from '../support/whole.ts';

it('Redis is emptied while serving: readers wait, cursors and keys go on, and what was captured stays of no use', async ({
  annotate,
}) => {
  await using redis = await ownRedis();
  await using stack = await startFaultStack({ redisUrl: redis.url });
  const load = await startLoad(stack);
  await load.more(120);

  const by = ed25519Caller();
  const body = { tags: [newTag()], ttlMs: 3_600_000, offers: [{ sdp: sdpOf('kept') }] };
  const key = { 'idempotency-key': systemChance.uuid() };
  const first = await v1(stack, by).publish(body, key);
  expect(first.status).toBe(201);
  // One to which the same answer would be given again, and one that would have a second effect.
  const captured = [
    prepare(stack, by, { method: 'GET', path: '/v1/feed' }),
    prepare(stack, by, {
      method: 'POST',
      path: '/v1/sessions',
      body: { ...body, offers: [{ sdp: sdpOf('captured') }] },
    }),
  ];
  for (const request of captured) expect((await transmit(stack, request)).status).toBeLessThan(300);

  expect(load.discovery.failed).toEqual([]);
  expect(await tellRedis(redis.url, 'FLUSHALL')).toBe('OK');
  const replayed = await Promise.all(captured.map((request) => transmit(stack, request)));
  for (const { status } of replayed) expect([401, 503]).toContain(status);
  await annotate(`emptied: all flows again after ${await load.flows()} ms`);

  for (const request of captured) {
    const { status, body } = await transmit(stack, request);
    expect([status, (body as { readonly code: string }).code]).toEqual([401, 'INVALID_CREDENTIALS']);
  }
  const again = await untilAcknowledged('the same offer', load.notes, () => v1(stack, by).publish(body, key));
  expect([again.status, again.body], 'what was recorded the first time').toEqual([201, first.body]);
  const found = await v1(stack, by).get<{ readonly counts: unknown }>(`/v1/tags?tag=${body.tags[0]}`);
  expect(found.body, 'one by the key, one that was captured').toEqual({ counts: { [body.tags[0] ?? '']: 2 } });

  const failed = load.discovery.failed.length;
  expect(failed, 'readers were told to wait').toBeGreaterThan(0);
  expect(load.discovery.failed.filter(({ said }) => !said.startsWith('503 '))).toEqual([]);
  await load.more(40);
  await expectWhole(stack, load);
  expect(load.discovery.failed.length, 'and once whole, it stays so').toBe(failed);
  await annotate(summaryOf(load));
});
