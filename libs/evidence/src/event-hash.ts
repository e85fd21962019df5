import { hash } from 'node:crypto';
import type { NewEvent, RecordedEvent } from '@signalbox/event-sourcing';

/** An event as its maker knows it, before it is appended. */
export type HashedEvent = Omit<NewEvent, 'hash' | 'previousHash'>;

/**
 * The hash of an event: of its envelope, its bytes as they are stored, its place in its stream, and the hash of the
 * stream's event before (null at revision 0, or where that one has none). What the log gives, position and time, is in
 * the leaf of the tree instead. It is SHA-256 of a text, so that anyone can make it again with a few lines.
 */
export const eventHash = (
  stream: string,
  revision: number,
  event: HashedEvent,
  previousHash: Uint8Array | null,
): Uint8Array => {
  const { metadata } = event;
  const allowed = metadata.authorisation;
  const made = sha256(
    JSON.stringify([
      'signalbox/event/v1',
      stream,
      revision,
      event.id,
      event.type,
      event.schemaVersion,
      event.keyId,
      metadata.actor,
      metadata.correlationId,
      metadata.causationId,
      metadata.trace,
      allowed === null
        ? null
        : [
            allowed.scheme,
            allowed.key,
            allowed.algorithm,
            allowed.nonce,
            allowed.timestamp,
            allowed.signature,
            allowed.signedTextHash,
          ],
      hash('sha256', event.data, 'hex'),
      previousHash === null ? null : hex(previousHash),
    ]),
  );
  madeHere.add(made);
  return made;
};

/** The hashes that this process has made. */
const madeHere = new WeakSet<Uint8Array>();

/** The hash that the event ought to have, made of what is stored. */
export const hashOfRecorded = (event: RecordedEvent): Uint8Array =>
  eventHash(event.stream, event.revision, event, event.previousHash);

/**
 * The same for an event that may have been appended by this process a moment ago, and has never left its memory: then it
 * still has the very hash that was made of it, which need not be made again.
 */
export const hashOfDelivered = (event: RecordedEvent): Uint8Array =>
  event.hash !== null && madeHere.has(event.hash) ? event.hash : hashOfRecorded(event);

/** What a leaf of the tree is made of. `eventHash` is made anew of the event, never the stored one. */
export const leafData = ({ position, recordedAt }: Pick<RecordedEvent, 'position' | 'recordedAt'>, of: Uint8Array) =>
  JSON.stringify(['signalbox/leaf/v1', position, recordedAt, hex(of)]);

export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

export const sha256 = (data: string | Uint8Array): Uint8Array => hash('sha256', data, 'buffer');
