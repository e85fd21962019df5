import type { CatchUpSource, PayloadSeal, RecordedEvent, StreamReader } from '@signalbox/event-sourcing';
import type { AuditIndex } from '@signalbox/read-models';
import type { Fact, Verdict } from '@signalbox/verdict';
import { createDiscoveryAt } from './discovery-at.ts';
import { type Entry, entryOf } from './entry.ts';
import { createEventReader } from './event-reader.ts';
import { createIdentities } from './identities.ts';
import { createLogPages } from './log-pages.ts';
import type { History } from './ports/history.ts';
import { createStates } from './states.ts';
import { createTimelines } from './timeline.ts';

/** All that can be asked of the past. Nothing here writes. */
export const createAudit = (options: {
  readonly log: Pick<CatchUpSource, 'readAll' | 'head'> & StreamReader;
  readonly history: History;
  readonly index: AuditIndex;
  /** Asks the key store each time: what was destroyed a moment ago is not shown. */
  readonly open: PayloadSeal['open'];
  readonly diagnose: (facts: readonly Fact[], now: number) => Verdict;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** How the streams of operations name the day of a time: `2026-11-20`, in UTC. */
  readonly dateOf: (epochMs: number) => string;
  /** The longest that an offer lives. */
  readonly offerMaxTtlMs: number;
}) => {
  const { log, history, index, diagnose, now, dateOf, offerMaxTtlMs } = options;
  const read = createEventReader(options.open);
  return {
    timelines: createTimelines({ log, history, read, diagnose, now, dateOf }),
    states: createStates({ log, read, now }),
    discoveryAt: createDiscoveryAt({ log, history, read, offerMaxTtlMs }),
    pages: createLogPages({ log, history }),
    identity: createIdentities({ log, index, read }),
    index,
    entries: async (events: readonly RecordedEvent[]): Promise<readonly Entry[]> => (await read(events)).map(entryOf),
  };
};

export type Audit = ReturnType<typeof createAudit>;
