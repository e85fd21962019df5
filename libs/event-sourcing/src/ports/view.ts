import type { StreamName } from './event-log.ts';

/** A row and the revision of the stream that it shows. `row` is undefined where the projection keeps nothing. */
export type Versioned<Row> = { readonly revision: number; readonly row: Row | undefined };

/** What a projection makes of the events of one stream in one batch. */
export type Change<Row, Out> = {
  readonly stream: StreamName;
  /** The revision of the row that this was made from; -1 where there was none. */
  readonly after: number;
  /** The revision that `row` shows. */
  readonly revision: number;
  /** The position of the event with that revision, and when it was recorded (epoch milliseconds). */
  readonly position: number;
  readonly recordedAt: number;
  readonly row: Row | undefined;
  /** What the events gave beside the row (items of a feed, say), in order. */
  readonly out: readonly Out[];
};

/**
 * Where a projection's rows live. One view belongs to one projection, named with it (`discovery@1`), and may be thrown
 * away and built again from the log.
 */
export interface View<Row, Out = never> {
  /** For each stream that the view knows, its row. A stream that is not in the map was never seen, or is forgotten. */
  read(streams: readonly StreamName[]): Promise<ReadonlyMap<StreamName, Versioned<Row>>>;
  /**
   * Writes each row with its outputs, all or nothing, and then the checkpoint. A change whose revision is not larger
   * than the row's is skipped whole, so that the same batch twice has the effect of once. Answers with the streams
   * whose row is older than the change but not the one it was made from, because somebody else has written meanwhile:
   * those changes were not taken, nor was the checkpoint, and have to be made again from the row as it is now.
   */
  write(changes: readonly Change<Row, Out>[], checkpoint: number): Promise<readonly StreamName[]>;
  /** The largest position that was given as a checkpoint; 0 before the first write. */
  checkpoint(): Promise<number>;
}
