import type { StreamName } from './event-log.ts';

/** A row and the revision of the stream that it shows. `row` is undefined where the projection keeps nothing. */
export type Versioned<Row> = { readonly revision: number; readonly row: Row | undefined };

/** What a projection makes of the events of one stream in one batch. */
export type Change<Row, Out> = {
  readonly stream: StreamName;
  /** The revision that `row` shows. */
  readonly revision: number;
  /** The position of the event with that revision. */
  readonly position: number;
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
   * Writes rows, outputs and checkpoint together: after a crash either all of it is there or none. A change whose
   * revision is not larger than the row's is skipped whole, so that the same batch twice has the effect of once.
   */
  write(changes: readonly Change<Row, Out>[], checkpoint: number): Promise<void>;
  /** The position up to which the view shows the log; 0 before the first write. */
  checkpoint(): Promise<number>;
}
