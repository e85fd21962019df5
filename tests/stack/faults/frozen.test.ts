import { until } from '@signalbox/testing';
import { expect, it } from 'vitest';
import type { Instance } from '../../support/stack.ts';
import { startLoad } from '../support/load.ts';
import { metricOf } from '../support/metrics.ts';
import { startFaultStack } from '../support/stack.ts';
import { expectWhole, summaryOf } from '../support/whole.ts';

const patience = { withinMs: 60_000, everyMs: 100 };

const electedTimes = ({ output }: Instance) => output().split('elected: carrying').length - 1;

it('the leading relay is frozen past its session timeout and thawed when another leads: of two, one carries the log', async ({
  annotate,
}) => {
  await using stack = await startFaultStack({ more: ['relay'] });
  const load = await startLoad(stack);
  await load.more(60);
  const relays = stack.of('relay');
  let leader = relays.find((one) => electedTimes(one) > 0);
  // There and back again: each of the two is the late one once.
  for (let turn = 0; turn < 2; turn++) {
    const former = leader;
    const heir = relays.find((one) => one !== former);
    if (!former || !heir) throw new Error('There are no two relays.');
    const before = electedTimes(heir);
    former.signal('SIGSTOP');
    const awayFor = load.stopwatch();
    await until('the other relay leads', () => electedTimes(heir) > before, patience);
    await annotate(`another relay leads after ${awayFor()} ms; all flows again after ${await load.flows()} ms`);
    former.signal('SIGCONT');
    await until(
      'the former leader knows that it leads no more',
      async () => (await metricOf(former, 'signalbox_relay_leader')) === 0,
      patience,
    );
    expect(await metricOf(heir, 'signalbox_relay_leader')).toBe(1);
    await load.more(40);
    leader = heir;
  }
  await annotate(`after that a round takes ${await load.flows()} ms`);
  await expectWhole(stack, load);
  await annotate(summaryOf(load));
});

/** The partitions that a projector was dealt last. */
const partitionsOf = ({ output }: Instance): readonly string[] => {
  const dealt = [...output().matchAll(/"partitions":\[([\d,]*)\]/g)].at(-1)?.[1] ?? '';
  return dealt.split(',').filter((one) => one !== '');
};

it('a projector is frozen past its session timeout and thawed when another has its partitions: no row, no item comes twice', async ({
  annotate,
}) => {
  await using stack = await startFaultStack({ more: ['projector'] });
  const [one, other] = stack.of('projector') as readonly [Instance, Instance];
  const load = await startLoad(stack);
  for (const [frozen, awake] of [
    [one, other],
    [other, one],
  ] as const) {
    await until(
      'both have partitions',
      () => partitionsOf(one).length === 2 && partitionsOf(other).length === 2,
      patience,
    );
    await load.more(60);
    frozen.signal('SIGSTOP');
    const awayFor = load.stopwatch();
    await until('the other one has all partitions', () => partitionsOf(awake).length === 4, patience);
    await annotate(`all partitions moved after ${awayFor()} ms; all flows again after ${await load.flows()} ms`);
    frozen.signal('SIGCONT');
    await load.more(40);
  }
  await until(
    'both have partitions again',
    () => partitionsOf(one).length + partitionsOf(other).length === 4,
    patience,
  );
  await annotate(`after that a round takes ${await load.flows()} ms`);
  await expectWhole(stack, load);
  await annotate(summaryOf(load));
});
