import { describe, expect, it } from 'vitest';
import { roles } from '../../support/stack.ts';
import { startLoad } from '../support/load.ts';
import { startFaultStack } from '../support/stack.ts';
import { expectWhole, summaryOf } from '../support/whole.ts';

describe('kill -9 under load', () => {
  it('of each role in turn, which is then started again: nothing acknowledged is lost, nothing is seen twice', async ({
    annotate,
  }) => {
    await using stack = await startFaultStack();
    const load = await startLoad(stack);
    await load.more(60);
    for (const role of roles) {
      const sinceKill = load.stopwatch();
      await stack.kill9(stack.one(role));
      await stack.start(role);
      const startedAfter = sinceKill();
      await load.flows();
      await annotate(`${role} killed, started again after ${startedAfter} ms, all flows after ${sinceKill()} ms`);
      await load.more(30);
    }
    await expectWhole(stack, load);
    await annotate(summaryOf(load));
  });

  it('of the leading relay and of a projector, while a second of each stands by: nobody has to start one again', async ({
    annotate,
  }) => {
    await using stack = await startFaultStack({ more: ['relay', 'projector'] });
    const load = await startLoad(stack);
    await load.more(60);
    const leads = stack.of('relay').find(({ output }) => output().includes('elected: carrying'));
    if (!leads) throw new Error('No relay leads.');
    await stack.kill9(leads);
    await annotate(`the leading relay killed: all flows again after ${await load.flows()} ms`);
    await load.more(30);
    await stack.kill9(stack.one('projector'));
    await annotate(`one of two projectors killed: all flows again after ${await load.flows()} ms`);
    await load.more(30);
    expect([stack.of('relay').length, stack.of('projector').length]).toEqual([1, 1]);
    await expectWhole(stack, load);
    await annotate(summaryOf(load));
  });
});
