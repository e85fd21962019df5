import type { EventLog, EventLogWithLiveStreams } from '@signalbox/event-sourcing';
import { onTestFinished } from 'vitest';

export type EventLogUnderTest = {
  readonly log: EventLog | EventLogWithLiveStreams;
  /** Opens the same log again, once it has been closed. Needed of a log that `supports.durable`. */
  readonly reopen?: () => Promise<EventLog | EventLogWithLiveStreams>;
};

/** `now` is the clock for logs that stamp events themselves; a log on a server with a clock of its own ignores it. */
export type MakeEventLog = (now: () => number) => Promise<EventLogUnderTest>;

/** The suite's clock: it stands still until a test moves it. Epoch milliseconds. */
export const START = 1_760_000_000_000;

export type SuiteClock = { now: number };

/** A new log, and the clock that it may use. The log is closed when the test has ended, whatever became of the test. */
export const openLog = async (
  make: MakeEventLog,
): Promise<{ readonly log: EventLog; readonly clock: SuiteClock; readonly underTest: EventLogUnderTest }> => {
  const clock: SuiteClock = { now: START };
  const underTest = await make(() => clock.now);
  onTestFinished(() => underTest.log.close());
  return { log: underTest.log, clock, underTest };
};
