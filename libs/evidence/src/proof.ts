import type { RecordedEvent, StreamName } from '@signalbox/event-sourcing';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { hashOfRecorded, leafData } from './event-hash.ts';
import { type VerifierKey, verifierKey } from './keys.ts';
import { equal, hashLeaf, rootFromInclusion } from './merkle.ts';
import { type TileStore, tiledTree } from './tiles.ts';

/** Where an event stands in the tree of a checkpoint, and the hashes that lead from it to the root. */
export type Inclusion = { readonly index: number; readonly size: number; readonly hashes: readonly Uint8Array[] };

/** Null for an event that the checkpoint does not cover. Rejects with `TilesBroken` while the tiles are made anew. */
export const proveInclusion = async (
  tiles: TileStore,
  { size }: Pick<Checkpoint, 'size'>,
  { position }: Pick<RecordedEvent, 'position'>,
): Promise<Inclusion | null> => {
  const tree = tiledTree(tiles);
  const index = await tree.indexOf(position, size);
  return index === null ? null : { index, size, hashes: await tree.inclusion(index, size) };
};

/** Everything that is needed to check, offline and by anyone, what happened in a session: bytes are base64. */
export type ProofBundle = {
  readonly format: 'signalbox-proof';
  readonly version: 1;
  readonly logId: string;
  readonly sessionId: string;
  /** The signed note that all of it leads to. */
  readonly checkpoint: string;
  /** Public keys, as `VerifierKey.text`. Whoever checks compares them with those that the operator has published. */
  readonly keys: readonly string[];
  readonly events: readonly ProvenEvent[];
};

export type ProvenEvent = Omit<RecordedEvent, 'stream' | 'data' | 'hash' | 'previousHash'> & {
  readonly stream: string;
  readonly data: string;
  readonly hash: string | null;
  readonly previousHash: string | null;
  /** Null for an event that is newer than the checkpoint: its hash can be checked, and not yet that the log holds it. */
  readonly inclusion: { readonly index: number; readonly hashes: readonly string[] } | null;
};

export const makeProof = async (options: {
  readonly logId: string;
  readonly sessionId: string;
  readonly note: string;
  readonly checkpoint: Pick<Checkpoint, 'size'>;
  readonly keys: readonly VerifierKey[];
  readonly tiles: TileStore;
  readonly events: readonly RecordedEvent[];
}): Promise<ProofBundle> => {
  const { logId, sessionId, note, checkpoint, keys, tiles } = options;
  const events: ProvenEvent[] = [];
  for (const event of options.events.toSorted((a, b) => a.position - b.position)) {
    const inclusion = await proveInclusion(tiles, checkpoint, event);
    events.push({
      ...event,
      data: base64(event.data),
      hash: event.hash && base64(event.hash),
      previousHash: event.previousHash && base64(event.previousHash),
      inclusion: inclusion && { index: inclusion.index, hashes: inclusion.hashes.map(base64) },
    });
  }
  return {
    ...{ format: 'signalbox-proof', version: 1, logId, sessionId, checkpoint: note },
    ...{ keys: keys.map(({ text }) => text), events },
  };
};

export type ProofOutcome = {
  readonly valid: boolean;
  /** What is wrong with it, a sentence without a full stop; null when it is valid. */
  readonly problem: string | null;
  /** Of the event that is wrong. */
  readonly position: number | null;
  /** Events that the checkpoint covers, and those that came after it. */
  readonly proven: number;
  readonly newer: number;
};

/**
 * Checks a bundle by itself: the note's signature, each event's hash and its link with the one before, and that the
 * signed tree holds it. `keys` are those that the reader trusts; without them, the bundle's own are taken.
 */
export const checkProof = (bundle: ProofBundle, keys?: readonly VerifierKey[]): ProofOutcome => {
  let proven = 0;
  const wrong = (problem: string, position: number | null = null): ProofOutcome => ({
    ...{ valid: false, problem, position, proven, newer: 0 },
  });
  const checkpoint = openCheckpoint(bundle.checkpoint, keys ?? bundle.keys.map(verifierKey));
  if (typeof checkpoint === 'string') return wrong('the checkpoint is not signed by the key');
  const last = new Map<string, RecordedEvent>();
  for (const line of bundle.events) {
    const event = recordedOf(line);
    const hash = hashOfRecorded(event);
    const before = last.get(event.stream);
    if (event.hash && !equal(event.hash, hash)) return wrong('an event does not match its hash', event.position);
    if (event.revision !== (before ? before.revision + 1 : 0)) return wrong('an event is missing', event.position);
    if (event.hash && !sameHash(event.previousHash, before?.hash ?? null)) {
      return wrong('an event does not follow the one before it', event.position);
    }
    last.set(event.stream, event);
    if (line.inclusion === null) {
      if (event.position > checkpoint.position) continue;
      return wrong('an event has no proof', event.position);
    }
    const hashes = line.inclusion.hashes.map(bytes);
    const root = rootFromInclusion(hashLeaf(leafData(event, hash)), line.inclusion.index, checkpoint.size, hashes);
    if (!root || !equal(root, checkpoint.root)) return wrong('an event is not in the signed log', event.position);
    proven++;
  }
  return { valid: true, problem: null, position: null, proven, newer: bundle.events.length - proven };
};

const recordedOf = ({ inclusion: _, ...line }: ProvenEvent): RecordedEvent => ({
  ...line,
  stream: line.stream as StreamName,
  data: bytes(line.data),
  hash: line.hash === null ? null : bytes(line.hash),
  previousHash: line.previousHash === null ? null : bytes(line.previousHash),
});

const sameHash = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : equal(a, b);

const base64 = (value: Uint8Array): string =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');

const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
