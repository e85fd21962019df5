import type { RecordedEvent } from '@signalbox/event-sourcing';
import { createChains } from './chains.ts';
import { type Checkpoint, noteIn, openCheckpoint, readCheckpoint, recordsCheckpoint } from './checkpoint.ts';
import { type Difference, exactly } from './difference.ts';
import { hashOfRecorded, hex, leafData } from './event-hash.ts';
import type { VerifierKey } from './keys.ts';
import { createFrontier, equal, hashLeaf } from './merkle.ts';
import { UnreadableEvents } from './pages.ts';
import { type Leaf, type TileStore, TilesBroken, tiledTree } from './tiles.ts';

export type Verification = {
  readonly intact: boolean;
  /** Null when it is intact. */
  readonly difference: Difference | null;
  /** How many events were read, and the position of the last. */
  readonly events: number;
  readonly position: number;
  /** Events that were stored without a hash; their content is covered by checkpoints all the same. */
  readonly withoutHash: number;
  /** How many checkpoints were found right, and the last of them. */
  readonly checkpoints: number;
  readonly covered: { readonly size: number; readonly position: number } | null;
  /**
   * Events after the last checkpoint: a change of one of them is found by the chain of its stream, but when the last of
   * them are taken away, only a checkpoint that was kept elsewhere can show it.
   */
  readonly uncovered: number;
  /** False when no keys were given: then the checkpoints' contents were checked, and not who signed them. */
  readonly signaturesChecked: boolean;
  /** Hex; of all events that were read. */
  readonly root: string;
};

export type VerifyOptions = {
  /** The origin of the log's checkpoints (`originOf`). */
  readonly origin: string;
  readonly keys: readonly VerifierKey[];
  /** Notes of checkpoints that were kept elsewhere. */
  readonly checkpoints?: readonly string[];
  /** The notary's tiles: where a signed root says that they are right, they tell the very position that differs. */
  readonly expected?: TileStore;
  /** The positions of this log count by ones: one that is left out is missing. */
  readonly gapless?: boolean;
  /** Called after each page. */
  readonly onProgress?: (position: number) => void;
};

/**
 * Walks through all events, in the order of their positions, and checks everything that can be: each event's hash, the
 * chain of each stream, times, and every checkpoint, recorded or handed in. Ends at the first difference. Where the
 * first sign of it comes later than the difference itself, what is between is compared with the tiles.
 */
export const verifyLog = async (
  pages: AsyncIterable<readonly RecordedEvent[]>,
  options: VerifyOptions,
): Promise<Verification> => {
  const { origin, keys, onProgress = () => {} } = options;
  const external = externalCheckpoints(options);
  // Looked at first: what the notary has seen by then, the walk has to see too.
  const tiles = options.expected && { tree: tiledTree(options.expected), size: await options.expected.size() };
  const chains = createChains({ gapless: options.gapless ?? false });
  const walked = createWalked();
  let checkpoints = 0;
  let covered: Verification['covered'] = null;
  /** What a single event or the chain of its stream has told: there may be an earlier difference. */
  let suspicion: Difference | null = null;
  /** What a checkpoint has told: the difference is in it. From then on only chains are looked at. */
  let range: Difference | null = null;

  const result = (difference: Difference | null): Verification => ({
    intact: difference === null,
    difference,
    events: walked.size,
    position: walked.position,
    withoutHash: chains.withoutHash,
    checkpoints,
    covered,
    uncovered: walked.size - (covered?.size ?? 0),
    signaturesChecked: keys.length > 0,
    root: hex(walked.root()),
  });

  /** `unknown` for one so much smaller than others that it is not needed any more. */
  const check = (checkpoint: Checkpoint): 'right' | 'wrong' | 'unknown' => {
    const found = walked.rootAt(checkpoint.size);
    if (found === undefined) return 'unknown';
    if (!equal(found.root, checkpoint.root) || found.position !== checkpoint.position) return 'wrong';
    checkpoints++;
    walked.prove(checkpoint.size);
    if (checkpoint.size > (covered?.size ?? 0)) covered = { size: checkpoint.size, position: checkpoint.position };
    return 'right';
  };

  /** The first difference, when what was walked through cannot be all that there was. */
  const locate = async (checkpoint: Checkpoint | null, otherwise: Difference): Promise<Difference> => {
    const found = tiles && (await comparedWithTiles(tiles, walked, checkpoint).catch(unlessBroken));
    const sure = suspicion ?? otherwise;
    if (found && (found.position < sure.position || sure.upTo > sure.position)) return found;
    const gap = walked.gap();
    if (gap !== null && (gap < sure.position || (sure.upTo > sure.position && gap <= sure.upTo)))
      return exactly(gap, 'missing', `the event at position ${gap} is missing`);
    return sure;
  };

  const notAsSigned = ({ size, position }: Checkpoint): Difference => ({
    position: Math.min(walked.provenPosition + 1, position),
    upTo: position,
    what: 'checkpoint',
    detail: `the events up to position ${position} are not the ${size} that were signed`,
  });

  const recorded = async (event: RecordedEvent): Promise<Difference | null> => {
    const note = noteIn(event) ?? '';
    const opened = keys.length > 0 ? openCheckpoint(note, keys) : (readCheckpoint(note) ?? 'malformed');
    if (typeof opened === 'string') {
      suspicion ??= exactly(event.position, 'checkpoint', `the checkpoint in it ${unbelievable[opened]}`);
      return null;
    }
    if (opened.origin !== origin) {
      suspicion ??= exactly(event.position, 'checkpoint', `the checkpoint in it is of another log, ${opened.origin}`);
      return null;
    }
    if (opened.size >= walked.size) {
      return locate(opened, notAsSigned(opened));
    }
    const outcome = check(opened);
    if (outcome === 'wrong') return locate(opened, notAsSigned(opened));
    if (outcome === 'unknown' || suspicion === null) return null;
    suspicion = narrowed(suspicion, walked.provenPosition);
    return suspicion.position <= walked.provenPosition ? locate(opened, suspicion) : null;
  };

  /** Ends the walk, unless what follows may tell more exactly where the difference is. */
  const isFound = (difference: Difference): boolean => {
    range = difference;
    return suspicion !== null || difference.upTo === difference.position;
  };

  /** Checks one event. True at the end of the walk, which `range` says the reason of. */
  const walk = async (event: RecordedEvent): Promise<boolean> => {
    const hash = hashOfRecorded(event);
    if (range !== null) {
      const sign = chains.check(event, hash);
      if (sign === null) return false;
      if (sign.position >= range.position && sign.position <= range.upTo) range = sign;
      return true;
    }
    const suspected = suspicion !== null;
    suspicion = suspicion === null ? chains.check(event, hash) : chains.reconsidered(suspicion, event);
    walked.add({ hash: hashLeaf(leafData(event, hash)), position: event.position });
    const isItselfChanged = !suspected && suspicion !== null && suspicion.position === event.position;
    if (recordsCheckpoint(event) && !isItselfChanged) {
      const difference = await recorded(event);
      if (difference) return isFound(difference);
    }
    for (const checkpoint of external) {
      if (checkpoint.size !== walked.size || check(checkpoint) !== 'wrong') continue;
      return isFound(await locate(checkpoint, notAsSigned(checkpoint)));
    }
    return false;
  };

  try {
    for await (const page of pages) {
      for (const event of page) if (await walk(event)) return result(range);
      onProgress(walked.position);
    }
  } catch (error) {
    if (!(error instanceof UnreadableEvents)) throw error;
    if (range) return result(range);
    suspicion ??= exactly(error.after + 1, 'unreadable', lowered(error.message));
    return result(await locate(null, suspicion));
  }
  if (range) return result(range);

  const beyond = external.filter(({ size }) => size > walked.size).toSorted((a, b) => a.size - b.size)[0];
  if (beyond) {
    const end = walked.position + 1;
    const detail = `the log had ${beyond.size} events up to position ${beyond.position}, and has ${walked.size}`;
    const truncated: Difference = { position: end, upTo: Math.max(end, beyond.position), what: 'truncated', detail };
    return result(await locate(beyond, truncated));
  }
  if (suspicion) return result(await locate(null, suspicion));
  // What no checkpoint covers yet: the tiles alone say what it was.
  return result((tiles && (await comparedWithTiles(tiles, walked, null).catch(unlessBroken))) || null);
};

const unbelievable = {
  malformed: 'cannot be read',
  unknown_key: 'is signed by none of the keys',
  wrong_signature: 'has a signature that is not right',
} as const;

/** Positions and times up to `proven` are as they were signed: when only a range is known, they are not in it. */
const narrowed = (difference: Difference, proven: number): Difference =>
  difference.upTo > proven && difference.position <= proven ? { ...difference, position: proven + 1 } : difference;

const lowered = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** A checkpoint that was kept elsewhere and cannot be believed. */
export class BadCheckpoint extends Error {
  readonly code = 'BAD_CHECKPOINT';
  constructor(message: string) {
    super(message);
    this.name = 'BadCheckpoint';
  }
}

const externalCheckpoints = ({ checkpoints = [], keys, origin }: VerifyOptions): readonly Checkpoint[] =>
  checkpoints.map((note) => {
    const opened = keys.length > 0 ? openCheckpoint(note, keys) : (readCheckpoint(note) ?? 'malformed');
    if (typeof opened === 'string') throw new BadCheckpoint(`The checkpoint given ${unbelievable[opened]}.`);
    if (opened.origin !== origin) {
      throw new BadCheckpoint(`The checkpoint given is of ${opened.origin}, and the log is ${origin}.`);
    }
    return opened;
  });

/** What was walked through: the tree up to the last checkpoint that was right, and the leaves since the one before it. */
const createWalked = () => {
  let proven = createFrontier();
  let provenPosition = 0;
  let before = { frontier: createFrontier(), leaves: [] as readonly Leaf[] };
  let leaves: Leaf[] = [];
  let position = 0;
  let wasContiguous = true;
  let gap: number | null = null;

  return {
    get size() {
      return proven.size + leaves.length;
    },
    get position() {
      return position;
    },
    get provenSize() {
      return proven.size;
    },
    /** Of the last event that a checkpoint has proven. */
    get provenPosition() {
      return provenPosition;
    },
    /** The leaves that no checkpoint has proven yet. */
    get leaves(): readonly Leaf[] {
      return leaves;
    },
    frontier: () => proven.copy(),
    /** The first position left out since the last proof, in a log whose positions had counted by ones until then. */
    gap: () => gap,
    add: (leaf: Leaf) => {
      const follows = leaf.position === position + 1;
      // A log whose positions do not count by ones from the second on never did.
      if (proven.size + leaves.length === 1 && !wasContiguous && !follows) gap = null;
      if (wasContiguous && !follows) {
        gap = position + 1;
        wasContiguous = false;
      }
      position = leaf.position;
      leaves.push(leaf);
    },
    /** Of the tree with the first `size` leaves, and the position of its last; undefined when it is too long ago. */
    rootAt: (size: number): { readonly root: Uint8Array; readonly position: number } | undefined => {
      const isOld = size < proven.size;
      const from = isOld ? before.frontier : proven;
      if (size < from.size) return undefined;
      const some = (isOld ? before.leaves : leaves).slice(0, size - from.size);
      const frontier = from.copy();
      for (const { hash } of some) frontier.add(hash);
      const last = some.at(-1)?.position ?? (isOld ? 0 : provenPosition);
      return { root: frontier.root(), position: last };
    },
    /** The first `size` leaves are as they were signed. */
    prove: (size: number) => {
      if (size <= proven.size) return;
      const some = leaves.slice(0, size - proven.size);
      const frontier = proven.copy();
      for (const { hash } of some) frontier.add(hash);
      before = { frontier: proven, leaves: some };
      proven = frontier;
      provenPosition = some.at(-1)?.position ?? provenPosition;
      leaves = leaves.slice(some.length);
      if (gap !== null && gap <= provenPosition) gap = null;
    },
    root: () => {
      const frontier = proven.copy();
      for (const { hash } of leaves) frontier.add(hash);
      return frontier.root();
    },
  };
};

type Walked = ReturnType<typeof createWalked>;

/**
 * The first leaf that is not the one that the notary has noted, since the last proof. Undefined when all are, or when
 * the tiles do not have the root that was signed, so that they are no help. Without a checkpoint they are believed.
 */
const comparedWithTiles = async (
  { tree, size }: { readonly tree: ReturnType<typeof tiledTree>; readonly size: number },
  walked: Walked,
  checkpoint: Checkpoint | null,
): Promise<Difference | undefined> => {
  const start = walked.provenSize;
  const end = checkpoint ? checkpoint.size : size;
  if (end > size || end <= start) return undefined;
  const expected = await tree.leaves(start, end);
  if (checkpoint) {
    const frontier = walked.frontier();
    for (const { hash } of expected) frontier.add(hash);
    if (!equal(frontier.root(), checkpoint.root)) return undefined;
  }
  const differing = expected.filter((leaf, at) => {
    const found = walked.leaves[at];
    return !found || found.position !== leaf.position || !equal(found.hash, leaf.hash);
  });
  const [first] = differing;
  if (!first) return undefined;
  const found = walked.leaves[expected.indexOf(first)];
  const { position } = first;
  if (!found)
    return {
      ...exactly(position, 'truncated', `the log ends before position ${position}`),
      upTo: expected.at(-1)?.position ?? position,
    };
  if (found.position > position) return exactly(position, 'missing', `the event at position ${position} is missing`);
  if (found.position < position && found.position > (expected[expected.indexOf(first) - 1]?.position ?? 0)) {
    return exactly(found.position, 'inserted', `there was no event at position ${found.position}`);
  }
  return differing.length > 1
    ? exactly(position, 'swapped', `the event at position ${position} is not the one that was there`)
    : exactly(position, 'time', `the time of the event at position ${position} is not the one that was recorded`);
};

const unlessBroken = (error: unknown): undefined => {
  if (error instanceof TilesBroken) return undefined;
  throw error;
};
