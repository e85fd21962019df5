import type { Change, StreamName, Versioned, View } from '@signalbox/event-sourcing';
import { recently } from './recently.ts';

/** How many removed rows are remembered, so that later events of their streams need not be read again. */
const REMOVED_REMEMBERED = 8_192;

/** A change that was taken, and the row as it was before. */
export type Taken<Row, Out> = { readonly before: Row | undefined; readonly change: Change<Row, Out> };

/** The rows of one view, by stream. */
export type MemoryRows<Row, Out = never> = View<Row, Out> & {
  /** The checkpoint, for whoever can't wait for it. */
  readonly position: number;
  get(stream: StreamName): Row | undefined;
  /** Every row that is there. */
  all(): Iterable<Row>;
  /** Drops a row that has been kept long enough. */
  forget(stream: StreamName): void;
};

/**
 * Rows and checkpoint, written once for all views; `onTaken` is told what a write changed, and the checkpoint from
 * before it, and keeps the view's indexes. Nothing is awaited in a write, so no reader sees half of one.
 *
 * These rows are written in log order by one process. So a change at or below the checkpoint has been shown already
 * and is skipped, whatever became of its row: a row that the projection removed, or that retention dropped, is let go
 * wholly and does not come back when its events are delivered again.
 */
export const memoryRows = <Row, Out = never>(
  onTaken: (taken: readonly Taken<Row, Out>[], checkpointBefore: number) => void,
): MemoryRows<Row, Out> => {
  const rows = new Map<StreamName, { readonly revision: number; readonly row: Row }>();
  const removed = recently<StreamName, number>(REMOVED_REMEMBERED);
  let checkpoint = 0;

  const keep = (change: Change<Row, Out>) => {
    const { stream, revision, row } = change;
    if (row !== undefined) {
      rows.set(stream, { revision, row });
    } else {
      rows.delete(stream);
      removed.set(stream, revision);
    }
  };

  const revisionOf = (stream: StreamName) => rows.get(stream)?.revision ?? removed.get(stream);

  const isNew = ({ stream, revision, position }: Change<Row, Out>) =>
    position > checkpoint && revision > (revisionOf(stream) ?? -1);

  const isStale = ({ stream, after }: Change<Row, Out>) => {
    const revision = revisionOf(stream);
    return revision !== undefined && revision !== after;
  };

  return {
    read: async (streams) => {
      const found = new Map<StreamName, Versioned<Row>>();
      for (const stream of streams) {
        const revision = revisionOf(stream);
        if (revision !== undefined) found.set(stream, { revision, row: rows.get(stream)?.row });
      }
      return found;
    },
    write: async (changes, upTo) => {
      const fresh = changes.filter(isNew);
      const stale = fresh.filter(isStale).map(({ stream }) => stream);
      const taken: Taken<Row, Out>[] = [];
      for (const change of fresh) {
        if (stale.includes(change.stream)) continue;
        taken.push({ before: rows.get(change.stream)?.row, change });
        keep(change);
      }
      const checkpointBefore = checkpoint;
      if (stale.length === 0) checkpoint = Math.max(checkpoint, upTo);
      onTaken(taken, checkpointBefore);
      return stale;
    },
    checkpoint: async () => checkpoint,
    get position() {
      return checkpoint;
    },
    get: (stream) => rows.get(stream)?.row,
    all: function* () {
      for (const { row } of rows.values()) yield row;
    },
    forget: (stream) => {
      rows.delete(stream);
    },
  };
};
