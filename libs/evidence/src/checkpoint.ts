import type { RecordedEvent } from '@signalbox/event-sourcing';
import type { SignerKey, VerifierKey } from './keys.ts';
import { parseNote, signedBy, signNote } from './note.ts';

/** What a checkpoint says of a log (https://c2sp.org/tlog-checkpoint). */
export type Checkpoint = {
  readonly origin: string;
  /** How many events it covers, from the first on. */
  readonly size: number;
  readonly root: Uint8Array;
  /** Of the last event that it covers; 0 for none. In an extension line. */
  readonly position: number;
};

const POSITION = 'position ';

/** The signed note. The same checkpoint and keys always give the same note. */
export const signCheckpoint = (checkpoint: Checkpoint, signers: readonly SignerKey[]): string => {
  const { origin, size, root, position } = checkpoint;
  return signNote(`${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n${POSITION}${position}\n`, signers);
};

/** Why a note is no checkpoint that can be believed. */
export type NoCheckpoint = 'malformed' | 'unknown_key' | 'wrong_signature';

/** Reads a note and verifies that one of the keys has signed it. */
export const openCheckpoint = (note: string, keys: readonly VerifierKey[]): Checkpoint | NoCheckpoint => {
  const parsed = parseNote(note);
  if (!parsed) return 'malformed';
  const checkpoint = checkpointIn(parsed.text);
  if (!checkpoint) return 'malformed';
  if (signedBy(parsed, keys).length > 0) return checkpoint;
  const isKnown = parsed.signatures.some(({ keyId, name }) => {
    return keys.some((key) => key.keyId === keyId && key.name === name);
  });
  return isKnown ? 'wrong_signature' : 'unknown_key';
};

/** What a note says, whoever signed it. Null for what is no checkpoint. */
export const readCheckpoint = (note: string): Checkpoint | null => {
  const parsed = parseNote(note);
  return parsed && checkpointIn(parsed.text);
};

const checkpointIn = (text: string): Checkpoint | null => {
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (!origin || size === undefined || root === undefined) return null;
  const bytes = Buffer.from(root, 'base64');
  if (bytes.byteLength !== 32 || bytes.toString('base64') !== root) return null;
  const position = extensions.find((line) => line.startsWith(POSITION))?.slice(POSITION.length);
  if (position === undefined || !isCount(size) || !isCount(position)) return null;
  return { origin, size: Number(size), root: bytes, position: Number(position) };
};

const isCount = (text: string): boolean => /^(?:0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text));

/** The type of the events that record a checkpoint, and the category of their streams. */
const RECORDED_TYPE = 'CheckpointSigned';
const RECORDED_IN = 'operations-';

/** Whether the event records a checkpoint. */
export const recordsCheckpoint = ({ type, stream }: Pick<RecordedEvent, 'type' | 'stream'>): boolean =>
  type === RECORDED_TYPE && stream.startsWith(RECORDED_IN);

/** The note of an event that records a checkpoint; null when there is none in it. These events are never sealed. */
export const noteIn = (event: Pick<RecordedEvent, 'data'>): string | null => {
  try {
    const { note } = JSON.parse(Buffer.from(event.data).toString()) as { readonly note?: unknown };
    return typeof note === 'string' ? note : null;
  } catch {
    return null;
  }
};
