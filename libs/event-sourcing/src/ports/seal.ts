import type { RecordedEvent, StreamName } from './event-log.ts';

/** A payload as it is sealed, and what it is bound to. */
export type SealedPayload = Pick<RecordedEvent, 'stream' | 'revision' | 'type' | 'keyId' | 'data'>;

/**
 * Keeps what events carry from whoever can read the log. Each stream has a key of its own, which can be destroyed; what
 * was sealed with it is unreadable from then on, wherever it was copied to.
 */
export interface PayloadSeal {
  /**
   * Seals what is about to be stored as the revisions of the stream from `firstRevision` on. `keyId` is the key of its
   * earlier events; null for a new stream, which is given a key. Where a category is not sealed it answers with no key
   * and the bytes as they are. Each of the answered arrays owns its buffer. Rejects with `KeysUnavailable`.
   */
  seal(
    stream: StreamName,
    firstRevision: number,
    payloads: readonly { readonly type: string; readonly data: Uint8Array }[],
    keyId: string | null,
  ): Promise<{ readonly keyId: string | null; readonly data: readonly Uint8Array[] }>;
  /**
   * In order; null where the key has been destroyed. What has no key is given back as it is. Rejects with
   * `KeysUnavailable`, and with the vault's own error when bytes are not what was sealed.
   */
  open(payloads: readonly SealedPayload[]): Promise<readonly (Uint8Array | null)[]>;
}

/** The keys can't be had now. Nothing was sealed or opened; the same may work later. */
export class KeysUnavailable extends Error {
  readonly code = 'KEYS_UNAVAILABLE';
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'KeysUnavailable';
  }
}
