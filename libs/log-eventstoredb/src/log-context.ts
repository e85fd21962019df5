import type { AllStreamResolvedEvent, RecordedEvent as StoredEvent } from '@eventstore/db-client';
import type { RecordedEvent } from '@signalbox/event-sourcing';
import type { Surroundings } from './attempts.ts';
import { recordedForm } from './envelope.ts';
import type { Identity } from './identity.ts';
import { createPlaces, type Places } from './places.ts';

/** One log within a store: what is its own, and how to read it. */
export type LogContext = {
  readonly around: Surroundings;
  readonly identity: Identity;
  readonly places: Places;
  /** What the names of the log's streams begin with in the store; empty unless several logs share it. */
  readonly prefix: string;
  /** The beginnings of the names of the streams that are delivered, prefix and category and dash. */
  readonly prefixes: readonly string[];
  readonly recorded: (event: StoredEvent) => RecordedEvent;
  /** The event when it is one of the log's own, and neither the system's nor anyone else's. */
  readonly ours: (resolved: AllStreamResolvedEvent) => RecordedEvent | null;
};

export const contextOf = (
  around: Surroundings,
  identity: Identity,
  prefix: string,
  categories: readonly string[],
): LogContext => {
  const places = createPlaces(identity);
  const prefixes = categories.map((category) => `${prefix}${category}-`);
  const recorded = (event: StoredEvent) => recordedForm(event, identity, prefix);
  return {
    around,
    identity,
    places,
    prefix,
    prefixes,
    recorded,
    ours: ({ event }) => {
      if (!event || !prefixes.some((beginning) => event.streamId.startsWith(beginning))) return null;
      const ours = recorded(event as StoredEvent);
      places.learn({ position: ours.position, commit: Number(event.position.commit) });
      return ours;
    },
  };
};
