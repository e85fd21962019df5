import type { RecordedEvent } from '@signalbox/event-sourcing';
import type { TileStore } from './tiles.ts';

/** What in the log contradicts what was signed. */
export type Contradiction = {
  /** The log that it is of. */
  readonly origin: string;
  readonly reason: string;
  /** How many events the log had when it was found: whatever is before cannot have accepted it. */
  readonly size: number;
  /** Since when it is known, epoch milliseconds. */
  readonly since: number;
};

/**
 * As a notary has found it, in whichever process; null while this log is what was signed, as far as anybody has seen.
 * One of another log, whose store this was before, does not count.
 */
export const contradictionIn = async (
  tiles: Pick<TileStore, 'recall'>,
  origin: string,
): Promise<Contradiction | null> => {
  const text = await tiles.recall('contradiction');
  const found = text === null ? null : (JSON.parse(text) as Contradiction);
  return found?.origin === origin ? found : null;
};

/** The action of the `AdminActed` by which an operator accepts a log as it is. Its target is the reason. */
export const ACCEPT_LOG = 'accept the log as it is';

/** Whether this is such an acceptance. */
export const acceptsLog = ({ type, stream, data }: RecordedEvent): boolean => {
  if (type !== 'AdminActed' || !stream.startsWith('operations-')) return false;
  try {
    const { action } = JSON.parse(Buffer.from(data).toString()) as { readonly action?: unknown };
    return action === ACCEPT_LOG;
  } catch {
    return false;
  }
};
