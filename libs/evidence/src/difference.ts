export type Difference = {
  /** The first position that is not as it was. */
  readonly position: number;
  /** Larger than `position` where only a range is known: the first difference is in it. */
  readonly upTo: number;
  readonly what: What;
  /** A sentence without a full stop. */
  readonly detail: string;
};

export type What =
  /** Content and hash of the event do not belong together. */
  | 'hash'
  /** The event is not the one that the next of its stream followed. */
  | 'link'
  /** An event is gone. */
  | 'missing'
  /** Events stand in another order. */
  | 'swapped'
  /** An event is there that was not. */
  | 'inserted'
  /** The time is another, or goes back. */
  | 'time'
  /** The end of the log is gone. */
  | 'truncated'
  /** A recorded checkpoint is not what was signed, or what it covers is not. */
  | 'checkpoint'
  /** What is stored cannot be read as an event. */
  | 'unreadable';

export const exactly = (position: number, what: What, detail: string): Difference => ({
  position,
  upTo: position,
  what,
  detail,
});
