import { until } from '@signalbox/testing';
import { expect, it } from 'vitest';
import { newTag, newTokenCaller, publishOne, sdpOf, v1 } from '../support/client.ts';
import { openStackLog, readWhole } from './support/log.ts';
import { startFaultStack } from './support/stack.ts';

it('what several processes notice of a call is recorded by the scheduler', async () => {
  await using stack = await startFaultStack({ more: ['query'] });
  const callers = [await newTokenCaller(stack), await newTokenCaller(stack), await newTokenCaller(stack)] as const;
  const [alice, bob, carol] = [v1(stack, callers[0]), v1(stack, callers[1]), v1(stack, callers[2])];
  const tag = newTag();
  const id = await publishOne(alice, tag);
  await bob.get(`/v1/sessions?tag=${tag}`);
  await bob.answer(id, { sdp: sdpOf('answer') });
  expect((await carol.answer(id, { sdp: sdpOf('late') })).status).toBe(409);
  // The one address asks both instances in turn.
  for (let i = 0; i < 4; i++) expect((await alice.feed()).body.items).toHaveLength(1);

  const log = await openStackLog(stack);
  try {
    const types = async () =>
      (await readWhole(log, stack))
        .filter(({ stream }) => stream === `observation-${id}`)
        .map(({ event }) => event.type);
    await until(
      'all of it is recorded',
      async () => {
        const seen = new Set(await types());
        return ['OfferDiscovered', 'DeliveriesRecorded', 'RefusalsCounted'].every((type) => seen.has(type as never));
      },
      { withinMs: 20_000, everyMs: 200 },
    );
    // Each instance tells of the answer that it handed out; that of the second is no news.
    expect((await types()).filter((type) => type === 'DeliveriesRecorded')).toHaveLength(1);
  } finally {
    await log.close();
  }
});
