import { type EncodedEvent, type RecordedEvent, streamName } from '@signalbox/event-sourcing';
import { metadata } from '@signalbox/testing';

/** The event as a log gives it back that was read from disk: with bytes of its own. */
export const recorded = (encoded: EncodedEvent, position = 1): RecordedEvent => ({
  ...encoded,
  data: Uint8Array.from(encoded.data),
  id: `00000000-0000-4000-8000-${String(position).padStart(12, '0')}`,
  stream: streamName('session', 's-1'),
  revision: position - 1,
  position,
  recordedAt: 1_700_000_000_000 + position,
  metadata: metadata(),
  hash: null,
  previousHash: null,
});

export const jsonBytes = (text: string): Uint8Array => new TextEncoder().encode(text);
