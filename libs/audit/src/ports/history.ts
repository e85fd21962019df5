import type { RecordedEvent } from '@signalbox/event-sourcing';

/** Finds places in the log. What `CatchUpSource` cannot do by itself without going through the whole of it. */
export interface History {
  /** The position of the last event that was recorded at or before a time (epoch milliseconds); 0 when there is none. */
  positionAt(time: number): Promise<number>;
  /** Some logs find an id quickly, or at all, only where its position is known. */
  find(eventId: string, position?: number): Promise<RecordedEvent | undefined>;
  /**
   * At most `limit` events before the position of an event, or before `Infinity`, the newest first. Fewer where they are
   * large; none when there is nothing before.
   */
  readBack(before: number, limit: number): Promise<readonly RecordedEvent[]>;
}
