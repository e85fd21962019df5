import type { RecordedEvent } from '@signalbox/event-sourcing';
import { type Checkpoint, noteIn, openCheckpoint, recordsCheckpoint } from './checkpoint.ts';
import type { VerifierKey } from './keys.ts';

export type RecordedCheckpoint = Checkpoint & {
  readonly note: string;
  /** Epoch milliseconds: when the log recorded it. */
  readonly recordedAt: number;
};

export type RecordedCheckpoints = {
  /**
   * Checkpoints recorded before a position of the log, or before `Infinity`, the newest first, and from where to look
   * further; `next` is null when there is nothing before. There may be fewer than `limit` although there are more: so
   * far only was looked.
   */
  before(
    position: number,
    limit: number,
  ): Promise<{ readonly checkpoints: readonly RecordedCheckpoint[]; readonly next: number | null }>;
  /** The newest that covers no more than so many events; null when there is none lately. */
  newest(size?: number): Promise<RecordedCheckpoint | null>;
};

const PAGE_EVENTS = 500;
const MAX_PAGES = 40;

/** Reads checkpoints out of the log, backwards. What none of the keys has signed, or is of another log, is left out. */
export const recordedCheckpoints = (options: {
  /** At most `limit` events before a position, the newest first; none when there is nothing before. */
  readonly readBack: (before: number, limit: number) => Promise<readonly RecordedEvent[]>;
  readonly origin: string;
  readonly keys: readonly VerifierKey[];
}): RecordedCheckpoints => {
  const { readBack, origin, keys } = options;

  const opened = (event: RecordedEvent): RecordedCheckpoint | null => {
    const note = recordsCheckpoint(event) ? noteIn(event) : null;
    const checkpoint = note === null ? null : openCheckpoint(note, keys);
    if (note === null || checkpoint === null || typeof checkpoint === 'string') return null;
    return checkpoint.origin === origin ? { ...checkpoint, note, recordedAt: event.recordedAt } : null;
  };

  const before: RecordedCheckpoints['before'] = async (position, limit) => {
    const checkpoints: RecordedCheckpoint[] = [];
    let next = position;
    for (let page = 0; page < MAX_PAGES; page++) {
      const events = await readBack(next, PAGE_EVENTS);
      for (const event of events) {
        next = event.position;
        const checkpoint = opened(event);
        if (checkpoint) checkpoints.push(checkpoint);
        if (checkpoints.length === limit) return { checkpoints, next };
      }
      if (events.length === 0) return { checkpoints, next: null };
    }
    return { checkpoints, next };
  };

  return {
    before,
    newest: async (size = Number.MAX_SAFE_INTEGER) => {
      for (
        let position: number | null = Number.POSITIVE_INFINITY, tries = 0;
        position !== null && tries < 20;
        tries++
      ) {
        const { checkpoints, next } = await before(position, 1);
        const [newest] = checkpoints;
        if (newest && newest.size <= size) return newest;
        position = next;
      }
      return null;
    },
  };
};
