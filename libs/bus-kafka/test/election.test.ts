import { until } from '@signalbox/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type KafkaBusOptions, kafkaElection } from '../src/index.ts';
import { aBus, aStranger, sharedBrokers, untilAnswered } from './kit.ts';

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** A candidate that stays one until it is told to stop. */
const aCandidate = (options: KafkaBusOptions) => {
  const stopping = new AbortController();
  const terms: { ended: boolean }[] = [];
  const work = async (leading: AbortSignal) => {
    const term = { ended: false };
    terms.push(term);
    await untilAborted(leading);
    term.ended = true;
  };
  const campaign = async () => {
    await untilAnswered(async () => {
      if (!stopping.signal.aborted) await kafkaElection(options).lead(work, stopping.signal);
    });
  };
  const ended = campaign();
  const stop = () => {
    stopping.abort();
    return ended;
  };
  onTestFinished(stop);
  return { terms, stop, leads: () => terms.at(-1)?.ended === false };
};

const membersOf = ({ brokers, namespace }: KafkaBusOptions) =>
  aStranger(brokers).asking(async (admin) => {
    const { groups } = await admin.describeGroups([`${namespace}.relay-election`]);
    return groups[0]?.state === 'Stable' ? groups[0].members.length : 0;
  });

describe.runIf(sharedBrokers)('an election', () => {
  it('has one leader, who keeps the lead when others come, and is followed by another when it goes', async () => {
    const { options } = await aBus();
    const first = aCandidate(options);
    await until('the first leads', first.leads, { withinMs: 30_000 });
    const others = [aCandidate(options), aCandidate(options), aCandidate(options)];
    await until('the group has taken them in', async () => (await membersOf(options)) === 4, { withinMs: 30_000 });
    expect(first.terms).toEqual([{ ended: false }]);
    expect(others.map(({ terms }) => terms)).toEqual([[], [], []]);

    await first.stop();
    await until('another leads', () => others.some(({ leads }) => leads()), { withinMs: 30_000 });
    expect(first.terms).toEqual([{ ended: true }]);
    expect(others.filter(({ leads }) => leads())).toHaveLength(1);
  });

  it('is lost by whoever fails at the work, and tells with what', async () => {
    const { options } = await aBus();
    const failure = new Error('the log is away');
    await expect(
      untilAnswered(async () => {
        const outcome = await kafkaElection(options)
          .lead(() => Promise.reject(failure), new AbortController().signal)
          .catch((error: unknown) => error);
        if (outcome !== failure) throw outcome;
        return outcome;
      }),
    ).resolves.toBe(failure);
    const next = aCandidate(options);
    await until('another leads', next.leads, { withinMs: 30_000 });
  });

  it('is lost by whoever ends the work without being told to', async () => {
    const { options } = await aBus();
    const message = 'The work of the leader ended by itself';
    const lead = () => kafkaElection(options).lead(async () => undefined, new AbortController().signal);
    const outcome = await untilAnswered(async () => {
      const error: unknown = await lead().catch((thrown: unknown) => thrown);
      if (!(error instanceof Error) || error.message !== message) throw error;
      return error;
    });
    expect(outcome).toMatchObject({ name: 'Error', message });
  });

  it('cannot be held without brokers', async () => {
    const { options } = await aBus();
    const nobody = { ...options, brokers: ['127.0.0.1:1'] };
    await expect(kafkaElection(nobody).lead(untilAborted, new AbortController().signal)).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    });
  });
});
