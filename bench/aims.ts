import type { MemoryResult } from './discover.ts';
import type { RowResult } from './rates.ts';
import type { SchedulerResult } from './scheduler.ts';
import type { StackResult } from './stack/measure.ts';
import type { StartupResult } from './startup.ts';

/** What a run has measured; the parts that were left out are null or empty. */
export type Results = {
  readonly rates: readonly RowResult[];
  readonly memory: readonly MemoryResult[];
  readonly startup: readonly StartupResult[];
  readonly scheduler: SchedulerResult | null;
  readonly stack: StackResult | null;
  /** Parts that could not be measured, with why. */
  readonly failures: readonly string[];
};

export type Aim = { readonly aim: string; readonly measured: string; readonly met: boolean };

const PUBLISH_RATIO = 0.6;
const DISCOVER_LOSS = 0.15;
const MEMORY_RATIO = 3;
const LATENESS_MS = 50;
/** Start-up of the longest log over that of the shortest: noise aside, it is one. */
const STARTUP_RATIO = 1.25;

/** How the results stand to what was set out for. */
export const aimsOf = (results: Results): readonly Aim[] => [
  ...publishAim(results),
  ...discoverAims(results),
  ...memoryAims(results),
  ...schedulerAim(results),
  ...startupAim(results),
];

const publishAim = ({ rates }: Results): readonly Aim[] =>
  rates
    .filter(({ name }) => name === 'publish, Ed25519')
    .flatMap(({ real }) => real)
    .map(({ ratio }) => ({
      aim: `signed, durable publish at ${PUBLISH_RATIO} of the bare minimum or more`,
      measured: ratio.toFixed(2),
      met: ratio >= PUBLISH_RATIO,
    }));

const discoverAims = ({ rates }: Results): readonly Aim[] =>
  rates
    .filter(({ name }) => name.startsWith('discover'))
    .map(({ name, real }) => {
      const ratio = (real.at(-1)?.perSecond ?? Number.NaN) / (real[0]?.perSecond ?? Number.NaN);
      return {
        aim: `${name}: with 100,000 offers within ${100 * DISCOVER_LOSS} % of with 100`,
        measured: `${((ratio - 1) * 100).toFixed(1)} %`,
        met: ratio >= 1 - DISCOVER_LOSS,
      };
    });

const memoryAims = ({ memory }: Results): readonly Aim[] =>
  memory.map(({ sessions, heapBytes, payloadBytes }) => ({
    aim: `memory per open session, ${sessions.toLocaleString('en')} of them: ${MEMORY_RATIO} × its payload or less`,
    measured: `${(heapBytes / payloadBytes).toFixed(2)} ×`,
    met: heapBytes <= MEMORY_RATIO * payloadBytes,
  }));

const schedulerAim = ({ scheduler }: Results): readonly Aim[] =>
  scheduler === null
    ? []
    : [
        {
          aim: `lateness p99 with ${scheduler.timers.toLocaleString('en')} pending timers: ${LATENESS_MS} ms or less`,
          measured: `${scheduler.p99} ms`,
          met: scheduler.p99 <= LATENESS_MS,
        },
      ];

const startupAim = ({ startup }: Results): readonly Aim[] => {
  const [first, last] = [startup[0], startup.at(-1)];
  if (first === undefined || last === undefined) return [];
  const ratio = last.startMs / first.startMs;
  const same = last.eventsRead === first.eventsRead;
  return [
    {
      aim: `start-up does not grow from ${first.events.toLocaleString('en')} to ${last.events.toLocaleString('en')} events`,
      measured: `× ${ratio.toFixed(2)}; ${first.eventsRead} and ${last.eventsRead} events read`,
      met: same && ratio <= STARTUP_RATIO,
    },
  ];
};
