import { expect, it } from 'vitest';
import { startLoad } from '../support/load.ts';
import { startProxy } from '../support/proxy.ts';
import { ownEventStore, startFaultStack } from '../support/stack.ts';
import { expectWhole, summaryOf } from '../support/whole.ts';

it('the event store is killed, stands still, and is hard to reach: queries go on, and no command has two effects', async ({
  annotate,
}) => {
  await using eventStore = await ownEventStore();
  await using way = await startProxy(eventStore.address);
  await using stack = await startFaultStack({
    eventStoreDbUrl: eventStore.url.replace(eventStore.address, way.address),
  });
  const load = await startLoad(stack);
  await load.more(60);

  const faults = {
    'killed and started again after 3 s': async () => {
      await eventStore.kill();
      await load.for(3_000);
      await eventStore.start();
    },
    'frozen for 6 s': async () => {
      await eventStore.pause();
      await load.for(6_000);
      await eventStore.resume();
    },
    'every connection dropped': async () => expect(way.drop()).toBeGreaterThan(3),
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
    await annotate(`${eventStore.description}, ${what}: all flows again after ${await load.flows()} ms`);
    await load.more(30);
  }
  await expectWhole(stack, load);
  expect(load.discovery.failed, 'queries do not need the event store').toEqual([]);
  await annotate(summaryOf(load));
});
