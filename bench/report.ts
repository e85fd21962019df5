import { aimsOf, type Results } from './aims.ts';
import type { Machine } from './machine.ts';
import { ms, section, table, whole } from './markdown.ts';
import type { RowResult } from './rates.ts';
import { stackSections } from './stack/report.ts';

/** A run, as it is kept. */
export type Run = Results & {
  readonly at: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly tookSeconds: number;
};

const mebibytes = (bytes: number): string => whole(bytes / 2 ** 20);

const rateRows = ({ name, bare, real }: RowResult): readonly (readonly string[])[] =>
  [...real, { ...bare, ratio: 1 }].map((rate, index) => [
    index === 0 ? name : '',
    rate.target,
    whole(rate.perSecond),
    ms(rate.p50),
    ms(rate.p99),
    whole(rate.cpuMicros),
    whole(rate.loopMicros),
    rate.target === bare.target ? '1' : rate.ratio.toFixed(2),
    rate.target === bare.target ? '1' : (bare.cpuMicros / rate.cpuMicros).toFixed(2),
  ]);

const RATE_HEAD = [
  '',
  'server',
  'per second',
  'p50 ms',
  'p99 ms',
  'CPU µs',
  'of it event loop',
  'ratio',
  'ratio of CPU',
];

const RATE_NOTE = `Medians over the rounds; the ratio is requests/s over those of the bare minimum in the round before it.
CPU is that of the server for one of them, in all of its threads. On few cores the load generator, the thread pool and
the log's writer share them with the event loop, and a busy machine changes the ratio of requests/s
more than that of CPU.`;

/** A run as a page of Markdown. */
export const markdown = (run: Run): string => {
  const { machine, settings, rates, memory, startup, scheduler, stack, failures } = run;
  const aims = aimsOf(run).map(({ aim, measured, met }) => [aim, measured, met ? 'yes' : '**no**']);
  const sessions = memory.map(({ sessions, payloadBytes, heapBytes, residentBytes }) => [
    whole(sessions),
    whole(payloadBytes),
    `${whole(heapBytes)} (${(heapBytes / payloadBytes).toFixed(2)} ×)`,
    `${whole(residentBytes)} (${(residentBytes / payloadBytes).toFixed(2)} ×)`,
  ]);
  const starts = startup.map(({ events, logBytes, alive, eventsRead, startMs }) => [
    whole(events),
    mebibytes(logBytes),
    whole(alive),
    whole(eventsRead),
    whole(startMs),
  ]);
  const late = scheduler && [
    whole(scheduler.timers),
    whole(scheduler.spreadMs),
    ...[scheduler.p50, scheduler.p99, scheduler.max].map(whole),
  ];
  const cpu = `${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}`;
  const set = Object.entries(settings).map(([name, value]) => `\`${name}=${value}\``);
  return [
    `# Bench of ${run.at.slice(0, 10)}, commit ${run.commit}`,
    `${cpu}. Load average before the run ${machine.loadBefore}. Took ${whole(run.tookSeconds)} s.`,
    ...section('Could not be measured', failures.map((text) => `- ${text}`).join('\n'), failures.length > 0),
    ...section('Aims', table(['aim', 'measured', 'met'], aims), aims.length > 0),
    ...section('Rates', `${table(RATE_HEAD, rates.flatMap(rateRows))}\n\n${RATE_NOTE}`, rates.length > 0),
    ...section(
      'Memory of an open session',
      table(['open sessions', 'payload bytes each', 'heap bytes each', 'resident bytes each'], sessions),
      sessions.length > 0,
    ),
    ...section(
      'Start-up',
      table(['events in the log', 'log MiB', 'sessions alive', 'events read', 'start to listening, ms'], starts),
      starts.length > 0,
    ),
    ...section(
      'Scheduler',
      late ? table(['pending timers', 'due within ms', 'late p50 ms', 'late p99 ms', 'late at worst ms'], [late]) : '',
      late !== null,
    ),
    ...(stack === null ? [] : stackSections(stack)),
    ...section('Settings', set.join(', ')),
    '',
  ].join('\n\n');
};
