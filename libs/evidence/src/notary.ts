import type { CatchUpSource, RecordedEvent } from '@signalbox/event-sourcing';
import { type Checkpoint, noteIn, openCheckpoint, recordsCheckpoint, signCheckpoint } from './checkpoint.ts';
import { acceptsLog, type Contradiction, contradictionIn } from './contradiction.ts';
import { hashOfDelivered, hex, leafData } from './event-hash.ts';
import type { SignerKey, VerifierKey } from './keys.ts';
import { equal, hashLeaf } from './merkle.ts';
import { type Leaf, type TileStore, TilesBroken, tiledTree, tilesWith } from './tiles.ts';

/** A checkpoint as it is recorded in the log. */
export type SignedCheckpoint = {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** Of the last event that it covers. */
  readonly position: number;
  readonly note: string;
  /** Epoch milliseconds. */
  readonly signedAt: number;
};

export type Notary = {
  /**
   * Follows the log and signs checkpoints until `signal` aborts. `healthy` is called whenever it has got on. Rejects
   * when the log or the tiles fail: call it again, after a wait. It may run in several processes at once.
   */
  run(signal: AbortSignal, healthy: () => void): Promise<void>;
  /** Null while it may sign; otherwise what in the log contradicts what was signed, until that is settled. */
  unhealthy(): string | null;
  status(): {
    /** The newest checkpoint that is in the log, as far as this notary has read; `signedAt` in epoch milliseconds. */
    readonly checkpoint: { readonly size: number; readonly position: number; readonly signedAt: number } | null;
    /** Events that it does not cover, checkpoints left out. */
    readonly behind: number;
    /** Events that were read. */
    readonly size: number;
  };
};

export type NotaryOptions = {
  readonly source: Pick<CatchUpSource, 'subscribeAll'>;
  readonly tiles: TileStore;
  readonly origin: string;
  readonly signer: SignerKey;
  /** Those whose checkpoints are taken for signed, the signer's among them. */
  readonly keys: readonly VerifierKey[];
  /** Puts the checkpoint into the log. The same one twice has the effect of once. */
  readonly record: (checkpoint: SignedCheckpoint) => Promise<void>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly after: (ms: number, work: () => void) => () => void;
  /** The tiles were not those of the log, and are made anew; or nothing is kept of what was signed last. */
  readonly onRebuild?: (reason: string) => void;
  /** What `unhealthy` says from now on: the log has been changed. Nothing is signed after that until it is accepted. */
  readonly onContradiction?: (reason: string) => void;
  /** It is signed again: an operator has accepted the log as it is, or it is again what was signed. */
  readonly onSettled?: (why: string) => void;
};

/** How long events wait for others to share a checkpoint; with what signing and recording take, less than a second. */
export const SIGN_AFTER_MS = 700;

/** So many leaves are kept at most before they are written to the tiles. */
const MAX_PENDING = 4_096;

/** Clocks of different machines may differ by so much. */
const CLOCKS_DIFFER_MS = 5_000;

/** The tiles have to be made anew before anything can be said. */
class TilesDiffer extends Error {}

/** Another process has made the tiles anew: they are read again. */
class TilesMoved extends Error {}

/**
 * Keeps the Merkle tree of the log and signs it: a while after something new has come, but never because of checkpoints
 * alone. Each checkpoint that it finds in the log, its own or another's, has to agree with its tree. When one does not,
 * the tiles are made anew from the log; when it still does not, the log is not what was signed, and it signs no more.
 * The newest note that it signed is kept beside the tiles, so that a log whose end is gone is found too. It follows the
 * log all the same, and signs again after an event that accepts it as it is. When it begins and something is still
 * open, it reads all of the log again: where that is again what was signed, nothing is open any more.
 */
export const createNotary = (options: NotaryOptions): Notary => {
  const { source, tiles, signer, keys, origin, now } = options;
  /** What has been found in the log up to now; it counts when nothing in the rest of the log accepts it. */
  let doubt: string | null = null;
  let contradiction: Contradiction | null = null;
  let newest: { readonly size: number; readonly position: number; readonly signedAt: number } | null = null;
  let current: { readonly size: number; readonly behind: number } = { size: 0, behind: 0 };

  const announce = (found: Contradiction): void => {
    const isNew = contradiction === null;
    contradiction = found;
    if (isNew) options.onContradiction?.(found.reason);
  };

  const settle = (why: string): void => {
    [doubt, contradiction] = [null, null];
    options.onSettled?.(why);
  };

  /** Whether another notary has settled what this one takes for open. A store that was emptied settles nothing. */
  const isSettledElsewhere = async (): Promise<boolean> =>
    contradiction !== null && (await contradictionIn(tiles, origin)) === null && (await tiles.size()) > 0;

  /** What was signed last, by the note that is kept beside the tiles. */
  const lastSigned = async (): Promise<{ readonly note: string; readonly checkpoint: Checkpoint } | null> => {
    const note = await tiles.recall('signed');
    const checkpoint = note === null ? null : openCheckpoint(note, keys);
    if (note === null || checkpoint === null || typeof checkpoint === 'string') return null;
    return checkpoint.origin === origin ? { note, checkpoint } : null;
  };

  /** The tree as far as the tiles have it. */
  const resume = async () => {
    const size = await tiles.size();
    const tree = tiledTree(tiles);
    try {
      const leaves = await tree.leaves(Math.max(size - 2, 0), size);
      const last = leaves.at(-1) ?? null;
      // The last leaf is read again, to see whether the tiles are those of this log.
      const after = leaves.length === 2 ? (leaves[0]?.position ?? 0) : 0;
      return { frontier: await tree.frontier(Math.max(size - 1, 0)), after, last };
    } catch (error) {
      if (!(error instanceof TilesBroken)) throw error;
      throw new TilesDiffer(error.message);
    }
  };

  /** One run through the log, from where the tiles end. */
  const follow = async (signal: AbortSignal, healthy: () => void, isFresh: boolean): Promise<void> => {
    let signed = await lastSigned();
    const start = await resume();
    const { frontier } = start;
    let { last } = start;
    let position = start.after;
    let written = last ? frontier.size + 1 : 0;
    let pending: Leaf[] = [];
    let covered = 0;
    /** Events that are no checkpoints, by how many there were before; those of earlier runs count as one. */
    let others: number[] = last ? [frontier.size] : [];
    /** Such events since nothing is signed any more: so many that they are only counted. */
    let unsigned = 0;
    let isCaughtUp = false;
    let cancel: (() => void) | null = null;
    const roots = new Map<number, Uint8Array>();
    /** While all of the log is read, what is open is looked for again. */
    const isOpen = () => contradiction !== null && (isCaughtUp || !isFresh);
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    let failure: unknown;
    let turn: Promise<unknown> = Promise.resolve();
    let signing: Promise<void> = Promise.resolve();

    /** One after another: what writes to the tiles, and what reads what was written. */
    const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
      const done = turn.then(work);
      turn = done.catch(() => undefined);
      return done;
    };

    const write = async (): Promise<void> => {
      while (pending.length > 0) {
        const some = pending.slice();
        const size = written + some.length;
        const isWritten = await tiles.write(written, await tilesWith(tiles, written, some), size);
        // Another notary may have written the same before.
        const held = isWritten ? size : await tiles.size();
        if (held <= written) throw new TilesMoved();
        pending = pending.slice(held - written);
        written = held;
      }
    };

    const coverUpTo = (checkpoint: NonNullable<typeof newest>) => {
      if (newest === null || checkpoint.size >= newest.size) newest = checkpoint;
      if (checkpoint.size <= covered) return;
      covered = checkpoint.size;
      unsigned = 0;
      others = others.filter((index) => index >= covered);
    };

    /** A checkpoint in the log has to be one of the log. Nothing is signed while that is open. */
    const compare = async (event: RecordedEvent): Promise<void> => {
      const opened = openCheckpoint(noteIn(event) ?? '', keys);
      // Whoever writes something into the log without a key proves nothing by it.
      if (typeof opened === 'string' || opened.origin !== origin) return;
      const { size, root, position } = opened;
      if (size < frontier.size && equal(roots.get(size) ?? (await rootAt(size)), root)) {
        coverUpTo({ size, position, signedAt: event.recordedAt });
        return;
      }
      await contradicts(
        `the log is not what was signed: the checkpoint at position ${event.position} speaks of other events up to ` +
          `position ${position}`,
      );
    };

    /** The log has to hold what was signed last, also where the event that recorded it is gone. */
    const compareWithSigned = async (): Promise<void> => {
      if (signed === null || doubt !== null || isOpen()) return;
      const { size, root, position } = signed.checkpoint;
      if (frontier.size < size) {
        await contradicts(
          `the log is shorter than what was signed: a checkpoint covers ${size} events up to position ${position}, and ` +
            `the log has ${frontier.size}`,
        );
      } else if (!equal(await rootAt(size), root)) {
        await contradicts(
          `the log is not what was signed: the newest checkpoint speaks of other events up to position ${position}`,
        );
      }
    };

    const contradicts = async (reason: string): Promise<void> => {
      if (doubt !== null || isOpen()) return;
      if (!isFresh) throw new TilesDiffer(reason);
      doubt = reason;
      if (isCaughtUp) await tell(reason);
    };

    const tell = async (reason: string): Promise<void> => {
      const found = { origin, reason, size: frontier.size, since: contradiction?.since ?? now() };
      announce(found);
      await tiles.remember('contradiction', JSON.stringify(found));
    };

    /** What is found when all of the log has been read for the first time. */
    const conclude = async (): Promise<void> => {
      if (isFresh && signed === null && newest !== null) {
        options.onRebuild?.('nothing is kept of what was signed last: whether the log was longer, it cannot tell');
      }
      if (doubt !== null && !isOpen()) return tell(doubt);
      if (contradiction === null || isOpen()) return;
      if (signed === null) return tell(contradiction.reason);
      await tiles.remember('contradiction', null);
      settle('the log is again what was signed');
    };

    /** An acceptance is of what was open when it was made, and not of what has been found after it. */
    const accept = async (event: RecordedEvent): Promise<void> => {
      if (contradiction !== null) {
        const kept = await contradictionIn(tiles, origin);
        const { size, since } = kept ?? contradiction;
        if (frontier.size >= size && event.recordedAt >= since - CLOCKS_DIFFER_MS) {
          // Where another notary was first, it may have signed since.
          if (kept !== null) await forgetSigned();
          signed = null;
          settle('it has been accepted as it is');
        }
      }
      if (!isOpen()) doubt = null;
    };

    const forgetSigned = async (): Promise<void> => {
      if (signed !== null && (await tiles.recall('signed')) === signed.note) await tiles.remember('signed', null);
      await tiles.remember('contradiction', null);
    };

    const rootAt = async (size: number): Promise<Uint8Array> => {
      if (size > written) await write();
      return tiledTree(tiles).root(size);
    };

    const take = async (events: readonly RecordedEvent[]): Promise<void> => {
      for (const event of events) {
        const leaf: Leaf = { hash: hashLeaf(leafData(event, hashOfDelivered(event))), position: event.position };
        if (last && (last.position !== leaf.position || !equal(last.hash, leaf.hash))) {
          throw new TilesDiffer('the tiles are those of another log, or of one that was longer');
        }
        if (acceptsLog(event)) await inTurn(() => accept(event));
        if (!recordsCheckpoint(event)) {
          if (isOpen()) unsigned++;
          else others.push(frontier.size);
        }
        frontier.add(leaf.hash);
        position = leaf.position;
        if (frontier.size > written) pending.push(leaf);
        last = null;
        if (recordsCheckpoint(event)) await inTurn(() => compare(event));
      }
      if (pending.length >= MAX_PENDING) await inTurn(write);
    };

    const sign = async (): Promise<void> => {
      const made = await inTurn(async () => {
        if (others.length === 0 || stopping.signal.aborted || contradiction !== null) return null;
        // Another notary may have found what this one has not.
        const found = await contradictionIn(tiles, origin);
        if (found) {
          announce(found);
          return null;
        }
        const checkpoint: Checkpoint = { origin, size: frontier.size, root: frontier.root(), position };
        // The tiles come first: a checkpoint that can be read can also be proven from.
        await write();
        return checkpoint;
      });
      if (made === null) return;
      const { size, root } = made;
      roots.set(size, root);
      if (roots.size > MAX_ROOTS) roots.delete(roots.keys().next().value ?? 0);
      const signedAt = now();
      const note = signCheckpoint(made, [signer]);
      await options.record({ size, root: hex(root), position: made.position, note, signedAt });
      await tiles.remember('signed', note);
      coverUpTo({ size, position: made.position, signedAt });
      healthy();
    };

    const signSoon = () => {
      current = { size: frontier.size, behind: others.length + unsigned };
      if (!isCaughtUp || cancel !== null || others.length === 0 || contradiction !== null) return;
      cancel = options.after(SIGN_AFTER_MS, () => {
        signing = sign()
          .catch((error: unknown) => {
            failure = error;
            stop();
          })
          .finally(() => {
            cancel = null;
            if (!stopping.signal.aborted) signSoon();
          });
      });
    };

    try {
      for await (const delivery of source.subscribeAll(start.after, { signal: stopping.signal })) {
        if (delivery.kind === 'events') await take(delivery.events);
        else {
          if (last) throw new TilesDiffer('the log ends before the tiles do');
          if (isOpen() && (await isSettledElsewhere())) {
            signed = null;
            settle('another notary has found that it is what was signed, or accepted');
          }
          await inTurn(compareWithSigned);
          if (!isCaughtUp) await inTurn(conclude);
          isCaughtUp = true;
          healthy();
        }
        if (stopping.signal.aborted) break;
        signSoon();
      }
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
      (cancel as (() => void) | null)?.();
      await turn;
      await signing;
    }
    if (failure !== undefined) throw failure;
  };

  return {
    run: async (signal, healthy) => {
      const found = await contradictionIn(tiles, origin);
      if (found && contradiction === null) {
        announce(found);
        // The right log may have been put back: the tiles may be those of the other.
        await tiles.clear();
      }
      let isFresh = (await tiles.size()) === 0;
      if (isFresh) doubt = null;
      while (!signal.aborted) {
        try {
          await follow(signal, healthy, isFresh);
          return;
        } catch (error) {
          if (error instanceof TilesMoved) {
            isFresh = (await tiles.size()) === 0;
          } else {
            if (!(error instanceof TilesDiffer || error instanceof TilesBroken)) throw error;
            options.onRebuild?.(error.message);
            await tiles.clear();
            isFresh = true;
          }
          if (isFresh) doubt = null;
        }
      }
    },
    unhealthy: () => contradiction?.reason ?? null,
    status: () => ({ checkpoint: newest, ...current }),
  };
};

/** How many roots of its own it remembers until it reads them in the log. */
const MAX_ROOTS = 16;
