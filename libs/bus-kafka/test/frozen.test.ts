import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '@signalbox/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type KafkaBusOptions, kafkaElection } from '../src/index.ts';
import { aBus, aLog, aMember, aPublisher, byStream, firstsOf, positionsOf, sharedBrokers, someEvents } from './kit.ts';

type Line = {
  readonly handled?: readonly number[];
  readonly assigned?: readonly number[];
  readonly leads?: boolean;
  readonly failed?: string;
};

const aProcess = ({ brokers, namespace }: KafkaBusOptions, role: 'member' | 'candidate') => {
  const script = fileURLToPath(new URL('./frozen-process.ts', import.meta.url));
  const args = ['--disable-warning=TimeoutNegativeWarning', script, brokers.join(','), namespace, role];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: Line[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(JSON.parse(line)));
  return {
    lines,
    handled: () => new Set(lines.flatMap(({ handled }) => handled ?? [])),
    assigned: () => lines.findLast(({ assigned }) => assigned)?.assigned ?? [],
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
  };
};

const holdsAll = (all: ReadonlySet<number>, wanted: Iterable<number>) => [...wanted].every((one) => all.has(one));

const slow = { withinMs: 45_000 };

describe.runIf(sharedBrokers)('a process that stands still for longer than its session', () => {
  it('loses its partitions to others, and once it wakes joins again without setting the group back', async () => {
    const { options } = await aBus({ partitions: 2 });
    const publisher = aPublisher(options);
    const log = aLog();
    const [before, during, after] = [someEvents(log, 40, 10), someEvents(log, 40, 10), someEvents(log, 40, 10)];
    const frozen = aProcess(options, 'member');
    await until('it has both partitions', () => frozen.assigned().length === 2, slow);
    await publisher.publish(before, 0);
    await until('it has handled what there was', () => frozen.handled().size === 40, slow);

    frozen.freeze();
    const other = aMember(options, 'readers');
    await publisher.publish(during, 400);
    await until(
      'the other has handled the rest',
      () => holdsAll(positionsOf(other.handled), positionsOf(during)),
      slow,
    );
    frozen.thaw();
    await until('they share', () => frozen.assigned().length === 1 && other.assignments.at(-1)?.length === 1, slow);
    await publisher.publish(after, 800);
    const both = () => new Set([...frozen.handled(), ...positionsOf(other.handled)]);
    await until('all is handled', () => holdsAll(both(), positionsOf(after)), slow);

    expect(both()).toEqual(positionsOf([...before, ...during, ...after]));
    for (const stream of byStream(firstsOf(other.handled)).values()) {
      expect(stream).toEqual(stream.toSorted((a, b) => a.revision - b.revision));
    }
    await other.stop();
    const repeated = aMember(options, 'readers');
    await until('it has partitions', () => (repeated.assignments.at(-1)?.length ?? 0) > 0, slow);
    await publisher.publish([log.next('s0'), log.next('s1')], 1_200);
    const seen = () => new Set([...frozen.handled(), ...positionsOf(repeated.handled)]);
    await until('the last are handled', () => holdsAll(seen(), [1_210, 1_220]), slow);
    expect(repeated.handled.filter(({ position }) => position <= 1_200)).toEqual([]);
  });

  it('loses the lead to another, and learns it when it wakes', async () => {
    const { options } = await aBus();
    const frozen = aProcess(options, 'candidate');
    await until('it leads', () => frozen.lines.at(-1)?.leads === true, slow);
    const stopping = new AbortController();
    let leads = false;
    const campaign = kafkaElection(options).lead(async (leading) => {
      leads = true;
      await new Promise<void>((resolve) => leading.addEventListener('abort', () => resolve(), { once: true }));
      leads = false;
    }, stopping.signal);

    frozen.freeze();
    await until('the other leads', () => leads, slow);
    frozen.thaw();
    await until('it has learnt of it', () => frozen.lines.at(-1)?.leads === false, slow);
    expect(leads).toBe(true);
    stopping.abort();
    await campaign;
    await until('it leads again', () => frozen.lines.at(-1)?.leads === true, slow);
    expect(frozen.lines).toEqual([{ leads: true }, { leads: false }, { leads: true }]);
  });
});
