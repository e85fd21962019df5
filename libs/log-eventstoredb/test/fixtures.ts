import { type NewEvent, type StreamName, streamName } from '@signalbox/event-sourcing';
import { seededChance, settle } from '@signalbox/testing';
import { type EventStoreDbServer, startEventStoreDbServer } from '@signalbox/testing/eventstoredb-server';
import { onTestFinished } from 'vitest';
import { type EventStoreLog, type EventStoreLogOptions, openEventStoreLog } from '../src/index.ts';

export const NOW = 1_760_000_000_000;

/** A test double of EventStoreDB of the test's own, which stamps events with `NOW`. */
export const aServer = async (
  options: Partial<Parameters<typeof startEventStoreDbServer>[0]> = {},
): Promise<EventStoreDbServer> => {
  const server = await startEventStoreDbServer({ now: () => NOW, ...options });
  onTestFinished(() => server.close());
  return server;
};

/** Pauses between attempts that the timers below make nothing of. */
export const HASTY = { firstPauseMs: 1, maxPauseMs: 4, attempts: 6 } as const;

/**
 * Timers for tests with a real socket: what is as short as the pauses above passes at once, what is longer (a deadline,
 * a silence) never passes by itself. `pass` lets it pass for all who wait that long.
 */
export const testTimers = () => {
  const waiting = new Set<{ readonly ms: number; readonly work: () => void }>();
  return {
    after: (ms: number, work: () => void) => {
      const timer = { ms, work };
      waiting.add(timer);
      const run = () => {
        if (waiting.delete(timer)) work();
      };
      if (ms <= HASTY.maxPauseMs) void settle().then(run);
      return () => waiting.delete(timer);
    },
    waitingFor: (ms: number): number => [...waiting].filter((timer) => timer.ms === ms).length,
    pass: (ms: number): void => {
      for (const timer of [...waiting]) {
        if (timer.ms === ms && waiting.delete(timer)) timer.work();
      }
    },
  };
};

/** The log at this server; closed when the test has ended. */
export const openAt = async (
  { url }: { readonly url: string },
  more: Partial<EventStoreLogOptions> = {},
): Promise<EventStoreLog> => {
  const log = await openEventStoreLog({
    url,
    newLogId: () => 'log-1',
    timers: testTimers(),
    chance: seededChance(1),
    categories: ['thing'],
    patience: HASTY,
    ...more,
  });
  onTestFinished(() => log.close());
  return log;
};

let made = 0;

export const anId = (): string => `00000000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`;

export const aStream = (): StreamName => streamName('thing', `t${++made}`);

export const anEvent = (over: Partial<NewEvent> = {}): NewEvent => ({
  id: anId(),
  type: 'ThingHappened',
  schemaVersion: 1,
  data: new TextEncoder().encode('{"what":"thing"}'),
  keyId: null,
  metadata: {
    actor: 'actor',
    correlationId: 'correlation',
    causationId: 'causation',
    trace: null,
    authorisation: null,
  },
  hash: null,
  previousHash: null,
  ...over,
});

/** An event of somebody else, for `write` of the server. */
export const aForeignEvent = () => ({
  id: anId(),
  type: 'ForeignThing',
  contentType: 'application/json',
  data: new TextEncoder().encode('{}'),
  metadata: new Uint8Array(),
});
