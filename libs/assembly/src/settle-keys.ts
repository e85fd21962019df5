import { inParallel } from '@signalbox/commands';
import { createEventCodec } from '@signalbox/event-schemas';
import {
  type CatchUpSource,
  idOf,
  KeysUnavailable,
  LogUnavailable,
  type RecordedEvent,
  type StreamName,
  type StreamReader,
  streamName,
} from '@signalbox/event-sourcing';
import type { ServiceContext } from '@signalbox/runtime';
import type { Keys } from './keys.ts';

const PAGE = 1_000;
/** After so many pages it is kept how far it has come. */
const PAGES_AT_ONCE = 100;
const AT_ONCE = 32;

type Log = Pick<CatchUpSource, 'readAll' | 'head'> & StreamReader;

/**
 * Destroys once more what the log says was destroyed, from where the key store says that this is done up to where the log
 * ends when it is called: so keys that came back with an older copy of the store are gone when it resolves. Mostly there
 * is nothing to do: it is called at the start, before anything is opened, and then from time to time, so that the next
 * start has little to read. When `signal` aborts it resolves after the page that it is at, and keeps how far it came.
 *
 * A key is always destroyed before the log says so. What the log says is therefore done in the store that was there at
 * the time, and in no other one.
 */
export const settleKeys = async (
  { vault, store }: Pick<Keys, 'vault' | 'store'>,
  log: Log,
  { logger }: Pick<ServiceContext, 'logger'>,
  signal?: AbortSignal,
): Promise<void> => {
  const { session, operations } = createEventCodec(vault).only;

  /** Streams whose keys are gone by what these events say. Where it was the retention, an epoch's end says so too. */
  const redactedIn = async (events: readonly RecordedEvent[]): Promise<readonly StreamName[]> => {
    const ofSessions = await session.decode(ofType(events, 'SessionRedacted'), 'skip');
    const erased = ofSessions.filter(
      ({ event }) => event.type === 'SessionRedacted' && event.data.reason === 'erasure',
    );
    return [
      ...erased.flatMap(({ stream }) => [stream, streamName('observation', idOf(stream))]),
      ...ofType(events, 'CredentialRedacted').map(({ stream }) => stream),
    ];
  };

  const endedIn = async (events: readonly RecordedEvent[]): Promise<readonly string[]> => {
    const ends = await operations.decode(ofType(events, 'EpochKeyDestroyed'), 'skip');
    return ends.flatMap(({ event }) => (event.type === 'EpochKeyDestroyed' ? [event.data.epoch] : []));
  };

  const destroyAgain = async (events: readonly RecordedEvent[]) => {
    const [ended, redacted] = [await endedIn(events), await redactedIn(events)];
    const epochs = await inParallel(ended, 1, (id) => store.destroyEpoch(id));
    const sealedBy = await inParallel([...new Set(redacted)], AT_ONCE, async (stream) =>
      (await log.readStream(stream)).flatMap(({ keyId }) => keyId ?? []),
    );
    const ids = [...new Set(sealedBy.flat())];
    const there = (await store.find(ids)).filter((key) => key !== null).length;
    return {
      epochs: epochs.filter((dataKeys) => dataKeys !== null).length,
      dataKeys: there === 0 ? 0 : await vault.destroyDataKeys(ids),
    };
  };

  /** Resolves with how far it has come. */
  const settleSome = async (after: number, head: number): Promise<number> => {
    let reached = after;
    for (let pages = 0; pages < PAGES_AT_ONCE && reached < head && !signal?.aborted; pages++) {
      const page = await log.readAll(reached, PAGE);
      const again = await destroyAgain(page);
      if (again.epochs + again.dataKeys > 0) {
        logger.warn(again, 'keys that the log says were destroyed had come back, and are destroyed again');
      }
      reached = page.at(-1)?.position ?? head;
    }
    return reached;
  };

  try {
    // In this order: another process may move it as far as the head is then, and no further.
    const before = await store.settledTo();
    const head = await log.head();
    // Beyond the head where the log was restored from a copy: what it says from there on is new.
    if (before > head) await store.settle(before, head);
    for (let known = await store.settledTo(); known < head && !signal?.aborted; known = await store.settledTo()) {
      const reached = await settleSome(Math.max(known, 0), head);
      await store.settle(known, reached);
      if (reached < head) logger.info({ position: reached, head }, 'reading which keys the log says were destroyed');
    }
  } catch (error) {
    if (error instanceof KeysUnavailable || error instanceof LogUnavailable) throw error;
    // Calls do not stop for a log that was tampered with. It is told, and tried again.
    logger.error({ err: error }, 'the log cannot be read for what was destroyed: keys of an old copy may be back');
  }
};

const ofType = (events: readonly RecordedEvent[], type: string): readonly RecordedEvent[] =>
  events.filter((event) => event.type === type);
