import { describe } from 'vitest';
import { appending } from './event-log/appending.ts';
import { durability } from './event-log/durability.ts';
import { idempotence } from './event-log/idempotence.ts';
import { liveStreams } from './event-log/live-streams.ts';
import { reading } from './event-log/reading.ts';
import { subscribing } from './event-log/subscribing.ts';
import type { MakeEventLog } from './event-log/under-test.ts';

export type { EventLogUnderTest, MakeEventLog } from './event-log/under-test.ts';

/**
 * What every event log promises, whatever it is built on. `make` gives a new, empty log each time it is called, and
 * sees to the clearing away itself (`onTestFinished`); the suite closes the log. Tests that a log cannot pass by its
 * nature are skipped by `log.supports`, and by nothing else.
 *
 * Left open on purpose, because a log that spans machines cannot know it cheaply: what becomes of an event id that is
 * already in another stream.
 */
export const eventLogContract = (adapter: string, make: MakeEventLog): void => {
  describe(`event log contract: ${adapter}`, () => {
    appending(make);
    idempotence(make);
    reading(make);
    subscribing(make);
    liveStreams(make);
    durability(make);
  });
};
