import type { Authorisation } from '@signalbox/event-sourcing';
import { categoryOf } from '@signalbox/event-sourcing';
import type { ReadEvent } from './event-reader.ts';

/** An event as an auditor is shown it. */
export type Entry = {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly eventId: string;
  readonly type: string;
  readonly schemaVersion: number;
  /** When it was recorded, epoch milliseconds. */
  readonly at: number;
  /** The identity that caused it, or `system:<part>`. */
  readonly actor: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly traceId: string | null;
  /** What allowed it: with the signature, so that anyone can check later who asked. */
  readonly authorisation: Authorisation | null;
  readonly keyId: string | null;
  /** In hex. Null in what was written before hashes were kept. */
  readonly hash: string | null;
  readonly previousHash: string | null;
  /** Of the payload as the log has it, in bytes. */
  readonly size: number;
  /** As it was stored, in the shape of `schemaVersion`. Null when it cannot be read. */
  readonly payload: { readonly [name: string]: unknown } | null;
  /** False: the key was destroyed, or the bytes are not what was sealed. */
  readonly readable: boolean;
};

export const entryOf = ({ recorded, plain }: ReadEvent): Entry => {
  const { position, stream, revision, id, type, schemaVersion, recordedAt, metadata, keyId, hash, previousHash, data } =
    recorded;
  const payload = plain && payloadIn(plain, categoryOf(stream) === 'credential');
  return {
    ...{ position, stream, revision, eventId: id, type, schemaVersion, at: recordedAt },
    ...{ actor: metadata.actor, correlationId: metadata.correlationId, causationId: metadata.causationId },
    ...{ traceId: traceIdOf(metadata.trace), authorisation: metadata.authorisation, keyId },
    ...{ hash: hexOf(hash), previousHash: hexOf(previousHash), size: data.byteLength },
    ...{ payload, readable: payload !== null },
  };
};

/** The trace id of a W3C `traceparent`. */
export const traceIdOf = (traceparent: string | null): string | null => traceparent?.split('-')[1] ?? null;

/** Secrets of credentials are shown to nobody, not even as they are sealed. */
export const SECRETS: ReadonlySet<string> = new Set(['sealedSecret']);

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const payloadIn = (plain: Uint8Array, hasSecrets: boolean): Entry['payload'] => {
  try {
    const value: unknown = JSON.parse(decoder.decode(plain), (name, member) =>
      hasSecrets && SECRETS.has(name) ? undefined : member,
    );
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
};

const hexOf = (bytes: Uint8Array | null): string | null =>
  bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
