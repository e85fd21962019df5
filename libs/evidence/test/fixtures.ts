import { type EventLog, type NewEvent, type RecordedEvent, streamName } from '@signalbox/event-sourcing';
import { memoryEventLog } from '@signalbox/memory';
import { fakeClock, t0 } from '@signalbox/testing';
import { eventHash, originOf, type SignedCheckpoint, sha256, signerKey } from '../src/index.ts';

export const LOG_ID = 'log-of-the-test';
export const origin = originOf(LOG_ID);
export const signer = signerKey(origin, sha256('the seed of the test'));

let made = 0;

const anEvent = (type: string, data: string): Omit<NewEvent, 'hash' | 'previousHash'> => ({
  id: `00000000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`,
  type,
  schemaVersion: 1,
  data: Buffer.from(data),
  keyId: null,
  metadata: {
    ...{ actor: `actor ${made}`, correlationId: `c${made}`, causationId: `d${made}`, trace: null },
    authorisation: {
      ...{ scheme: 'http-signature', key: 'ann', algorithm: 'ed25519', nonce: 'n', timestamp: 1_760_000_000_123 },
      ...{ signature: 'c2ln', signedTextHash: 'aGFzaA' },
    },
  },
});

/** A log with hashes, and what appends to it. */
export const aLog = () => {
  const clock = fakeClock(t0);
  const log = memoryEventLog({ now: clock.now, id: LOG_ID });
  return { clock, log, append: (stream: string, type?: string, data?: string) => appendTo(log, stream, type, data) };
};

/** Appends one event that is linked with the one before. */
export const appendTo = async (
  log: Pick<EventLog, 'append' | 'readStream'>,
  name: string,
  type = 'ThingHappened',
  data = `{"what":"thing ${made}"}`,
): Promise<void> => {
  const [category = '', id = ''] = name.split('-');
  const stream = streamName(category, id);
  const before = (await log.readStream(stream)).at(-1);
  const event = anEvent(type, data);
  const previousHash = before?.hash ?? null;
  const hash = eventHash(stream, (before?.revision ?? -1) + 1, event, previousHash);
  await log.append(stream, [{ ...event, hash, previousHash }], 'any');
};

/** What a service does with a checkpoint. */
export const recordIn =
  (log: Pick<EventLog, 'append' | 'readStream'>) =>
  async (checkpoint: SignedCheckpoint): Promise<void> =>
    appendTo(log, 'operations-day', 'CheckpointSigned', JSON.stringify(checkpoint));

export const everything = (log: Pick<EventLog, 'readAll'>): Promise<readonly RecordedEvent[]> => log.readAll(0, 1e6);

export async function* onePage(events: readonly RecordedEvent[]): AsyncGenerator<readonly RecordedEvent[], void> {
  yield events;
}
