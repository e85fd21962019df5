import { expect, it } from 'vitest';
import { spawnService } from '../../support/process.ts';
import { startLoad } from '../support/load.ts';
import { startFaultStack } from '../support/stack.ts';
import { expectWhole, summaryOf } from '../support/whole.ts';

it('the read models are built anew beside the live ones and switched, twice: no read fails, no item is told again', async ({
  annotate,
}) => {
  await using stack = await startFaultStack({ more: ['projector', 'query'] });
  const load = await startLoad(stack);
  await load.more(120);
  const { SIGNALBOX_REDIS_URL = '', SIGNALBOX_NAMESPACE = '' } = stack.env;
  for (let turn = 0; turn < 2; turn++) {
    const took = load.stopwatch();
    const rebuild = spawnService('services/cli/src/main.ts', { SIGNALBOX_REDIS_URL, SIGNALBOX_NAMESPACE }, [
      ...['rebuild', '--wait'],
    ]);
    expect(await rebuild.exited, rebuild.output()).toEqual({ code: 0, signal: null });
    await annotate(`${rebuild.output().trim()} (${took()} ms); all flows after ${await load.flows()} ms`);
    await load.more(60);
  }
  await expectWhole(stack, load);
  expect(load.discovery.failed).toEqual([]);
  expect(load.notes.retried).toEqual(new Map());
  await annotate(summaryOf(load));
});
