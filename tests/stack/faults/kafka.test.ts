import { expect, it } from 'vitest';
import { startLoad } from '../support/load.ts';
import { ownKafka, startFaultStack } from '../support/stack.ts';
import { expectWhole, summaryOf } from '../support/whole.ts';

it('Kafka is killed, or frozen past every session timeout: commands and queries go on, and what was not shown is shown', async ({
  annotate,
}) => {
  await using kafka = await ownKafka();
  await using stack = await startFaultStack({ kafkaBrokers: kafka.brokers });
  const load = await startLoad(stack);
  await load.more(60);

  const faults = {
    'killed and started again': async () => {
      await kafka.kill();
      await load.more(40);
      await kafka.start();
    },
    frozen: async () => {
      await kafka.pause();
      await load.for(8_000);
      await kafka.resume();
    },
  };
  for (const [what, harm] of Object.entries(faults)) {
    await harm();
    await annotate(`${kafka.description}, ${what}: all flows again after ${await load.flows()} ms`);
    await load.more(30);
  }
  await expectWhole(stack, load);
  expect(load.discovery.failed, 'queries do not need Kafka').toEqual([]);
  await annotate(summaryOf(load));
});
