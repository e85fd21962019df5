import type { DomainEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { KeysUnavailable, type PayloadSeal, type RecordedEvent, UnreadableEvent } from '@signalbox/event-sourcing';

/** An event, and what can be read of it. */
export type ReadEvent = {
  readonly recorded: RecordedEvent;
  /** As it was stored, before it was sealed. Null: its key was destroyed, or the bytes are not what was sealed. */
  readonly plain: Uint8Array | null;
  /** In the newest shape. Null where `plain` is, for a type that this version does not know, and for what fits no schema. */
  readonly event: DomainEvent | null;
};

/**
 * Reads events for whoever investigates: it goes on where a part of the log is damaged or was made unreadable, and says
 * so. Rejects with `KeysUnavailable` only.
 */
export type EventReader = (events: readonly RecordedEvent[]) => Promise<readonly ReadEvent[]>;

/** `open` should ask the key store each time, so that nothing is shown whose key was destroyed a moment ago. */
export const createEventReader = (open: PayloadSeal['open']): EventReader => {
  const codec = createEventCodec(plainOnly);

  const opened = async (events: readonly RecordedEvent[]): Promise<readonly (Uint8Array | null)[]> => {
    try {
      return await open(events);
    } catch (error) {
      if (error instanceof KeysUnavailable) throw error;
      const [only] = events;
      if (events.length <= 1 || !only) return [null];
      const half = events.length >>> 1;
      return [...(await opened(events.slice(0, half))), ...(await opened(events.slice(half)))];
    }
  };

  const decoded = async (events: readonly RecordedEvent[]): Promise<ReadonlyMap<number, DomainEvent>> => {
    try {
      return new Map((await codec.decode(events, 'skip')).map(({ position, event }) => [position, event]));
    } catch (error) {
      if (!(error instanceof UnreadableEvent)) throw error;
      if (events.length === 1) return new Map();
      const half = events.length >>> 1;
      return new Map([...(await decoded(events.slice(0, half))), ...(await decoded(events.slice(half)))]);
    }
  };

  return async (events) => {
    if (events.length === 0) return [];
    const payloads = await opened(events);
    const readable = events.flatMap((event, index) => {
      const data = payloads[index];
      return data ? [{ ...event, data, keyId: null }] : [];
    });
    const known = await decoded(readable);
    return events.map((recorded, index) => ({
      recorded,
      plain: payloads[index] ?? null,
      event: known.get(recorded.position) ?? null,
    }));
  };
};

const plainOnly: PayloadSeal = {
  seal: () => Promise.reject(new Error('Whoever reads the log for an audit writes nothing.')),
  open: async (payloads) => payloads.map(({ data }) => data),
};
