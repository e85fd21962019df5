import { ms, section, table, whole } from '../markdown.ts';
import type { CpuMicros } from './costs.ts';
import type { LagResult } from './lag.ts';
import type { StackResult } from './measure.ts';
import type { Spread } from './spread.ts';

const both = ({ p50, p99 }: Spread): string => `${ms(p50)} / ${ms(p99)}`;

const costs = (cpu: CpuMicros): string =>
  Object.entries(cpu)
    .filter(([, micros]) => micros >= 1)
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, micros]) => `${name} ${whole(micros)}`)
    .join(', ');

const lagRow = (lag: LagResult): readonly string[] => [
  `${whole(lag.wanted)} (${lag.perSecond.toFixed(0)})`,
  ...[lag.answered, lag.feed, lag.token, lag.again, lag.bareAppend, lag.bare].map(both),
  lag.ratio.toFixed(1),
];

const LAG_HEAD = [
  'commands/s wanted (got)',
  'command answered',
  '→ long-poll',
  '→ query with token',
  'the query again',
  'bare append',
  'bare lag',
  'ratio of p50',
];

const LAG_NOTE = `Milliseconds, p50 / p99 over all rounds. The lag is counted from the answer to a command, which here leaves when the
event is recorded (SIGNALBOX_SHOWN_WITHIN_MS=0), to the answer of the other party's long-poll, and to the answer of a
query that brings the token; the same query again waits for nothing. Bare: from the answer of one append to that of one
SET, the same bytes having gone through Kafka, all in one process.`;

const CPU_NOTE = `CPU microseconds of one command at a steady load, with the reading that goes with it: of four commands, two are told
by a long-poll and one is followed by a query with its token.`;

/** The stack's part of a run, as Markdown. */
export const stackSections = ({
  engines,
  idle,
  lag,
  stages,
  waiting,
  commands,
  rebuild,
  backlog,
}: StackResult): readonly string[] => [
  ...section(
    'Stack: on what',
    Object.entries(engines)
      .map(([name, what]) => `- ${name}: ${what}`)
      .join('\n'),
  ),
  ...section('Stack: lag', `${table(LAG_HEAD, lag.map(lagRow))}\n\n${LAG_NOTE}`),
  ...section(
    'Stack: where the lag goes',
    `${table(
      [
        'from the recording',
        'to the relay sending',
        'to a consumer having it',
        'to the feed written',
        'to the long-poll',
        'all',
      ],
      [
        [
          `${stages.perSecond.toFixed(0)} commands/s`,
          ...[stages.stages.relay, stages.stages.bus, stages.stages.feed, stages.stages.reader, stages.stages.all].map(
            both,
          ),
        ],
      ],
    )}\n\nMilliseconds, p50 / p99, in whole ones. All six read models show an event ${ms(stages.projectorMs)} ms after it was recorded, on average.`,
  ),
  ...section(
    'Stack: commands that wait to be shown',
    table(
      ['commands/s wanted (got)', 'command answered, p50 / p99 ms'],
      waiting.map(({ wanted, perSecond, answered }) => [`${whole(wanted)} (${perSecond.toFixed(0)})`, both(answered)]),
    ),
  ),
  ...section(
    'Stack: CPU of one command',
    `${table(
      ['commands/s', 'CPU µs'],
      lag.map(({ wanted, cpuPerCommand }) => [whole(wanted), costs(cpuPerCommand)]),
    )}\n\n${CPU_NOTE}`,
  ),
  ...section(
    'Stack: publications as fast as they are taken',
    table(
      ['command processes', 'per second', 'p50 ms', 'p99 ms', 'rounds', 'CPU µs of one'],
      commands.map((one) => [
        String(one.commands),
        whole(one.perSecond),
        ms(one.p50),
        ms(one.p99),
        one.rounds.map(whole).join(', '),
        costs(one.cpuPerCommand),
      ]),
    ),
  ),
  ...section(
    'Stack: throughput',
    `${table(
      ['', 'events/s', 'rounds', 'of the peer', 'CPU µs of one'],
      [
        [
          'rebuild',
          whole(rebuild.perSecond),
          rebuild.rounds.map(({ perSecond }) => whole(perSecond)).join(', '),
          rebuild.ratio.toFixed(2),
          costs(rebuild.cpuPerEvent),
        ],
        [
          'its peer: reading the log',
          whole(rebuild.readPerSecond),
          rebuild.rounds.map((one) => whole(one.readPerSecond)).join(', '),
          '1',
          '',
        ],
        ['appends, 15 at a time', whole(rebuild.appendsPerSecond), '', '', ''],
        [
          'relay',
          whole(backlog.relay.perSecond),
          backlog.relay.rounds.map(whole).join(', '),
          '',
          costs(backlog.relay.cpuPerEvent),
        ],
        ...backlog.projectors.map(({ projectors, perSecond, rounds, cpuPerEvent }) => [
          `${projectors} projector${projectors === 1 ? '' : 's'}`,
          whole(perSecond),
          rounds.map(whole).join(', '),
          (perSecond / (backlog.projectors[0]?.perSecond ?? Number.NaN)).toFixed(2),
          costs(cpuPerEvent),
        ]),
      ],
    )}\n\nOf a backlog of ${whole(backlog.events)} events, and of a log of ${whole(rebuild.events)}; medians. An answered session with the candidates of both takes ${whole(rebuild.redisBytesPerSession)} bytes in Redis.`,
  ),
  ...section(
    'Stack: with nothing to do',
    table(
      ['', 'resident MiB', 'CPU ms in a second'],
      idle.map(({ name, residentBytes, cpuMillis }) => [name, whole(residentBytes / 2 ** 20), cpuMillis.toFixed(1)]),
    ),
  ),
];
