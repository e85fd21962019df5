import {
  type EventLog,
  type EventMetadata,
  type NewEvent,
  type RecordedEvent,
  type StreamName,
  streamName,
} from '@signalbox/event-sourcing';
import { expect } from 'vitest';

let made = 0;

/** A UUID that no other call has given. */
export const anEventId = (): string => `00000000-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`;

export const aStream = (): StreamName => streamName('thing', `t${++made}`);

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Every field is set, and no two to the same, so that none can be taken for another. */
export const fullMetadata: EventMetadata = {
  actor: 'actor-1',
  correlationId: 'correlation-1',
  causationId: 'causation-1',
  trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  authorisation: {
    scheme: 'http-signature',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    algorithm: 'ed25519',
    nonce: 'nonce-1',
    timestamp: 1_759_999_999_999,
    signature: '5VZDAMNgrHKQhuLMgG6CioSHfx64Vf5dYw==',
    signedTextHash: 'LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564',
  },
};

export const anEvent = (over: Partial<NewEvent> = {}): NewEvent => ({
  id: anEventId(),
  type: 'ThingHappened',
  schemaVersion: 3,
  data: bytes('{"what":"thing"}'),
  keyId: 'key-1',
  metadata: fullMetadata,
  hash: Uint8Array.from({ length: 32 }, (_, index) => index),
  previousHash: Uint8Array.from({ length: 32 }, (_, index) => 255 - index),
  ...over,
});

export const someEvents = (count: number): readonly NewEvent[] => Array.from({ length: count }, () => anEvent());

/** What the log must have made of `event`. The time is the log's own choice, so it is taken over from what was read. */
export const recorded = (
  event: NewEvent,
  at: { readonly stream: StreamName; readonly revision: number; readonly position: number },
  seen: RecordedEvent | undefined,
): RecordedEvent => ({
  id: event.id,
  stream: at.stream,
  revision: at.revision,
  position: at.position,
  type: event.type,
  schemaVersion: event.schemaVersion,
  recordedAt: seen?.recordedAt ?? Number.NaN,
  data: event.data,
  keyId: event.keyId,
  metadata: event.metadata,
  hash: event.hash,
  previousHash: event.previousHash,
});

/** Compares every field, and the bytes by value, whichever kind of byte array they came in. */
export const expectSameEvents = (actual: readonly RecordedEvent[], expected: readonly RecordedEvent[]): void => {
  expect(actual.map(comparable)).toStrictEqual(expected.map(comparable));
};

const comparable = (event: RecordedEvent): object => {
  expect(event.data).toBeInstanceOf(Uint8Array);
  return {
    ...event,
    metadata: {
      ...event.metadata,
      authorisation: event.metadata.authorisation === null ? null : { ...event.metadata.authorisation },
    },
    data: Buffer.from(event.data).toString('base64'),
    hash: event.hash && Buffer.from(event.hash).toString('hex'),
    previousHash: event.previousHash && Buffer.from(event.previousHash).toString('hex'),
  };
};

/** Appends one event and gives it as the log recorded it. */
export const append = async (log: EventLog, stream: StreamName, over?: Partial<NewEvent>): Promise<RecordedEvent> => {
  const event = anEvent(over);
  const result = await log.append(stream, [event], 'any');
  if (result.kind !== 'appended') throw new Error('An append with any expected revision met a conflict.');
  const [seen] = await log.readStream(stream, { from: result.revision });
  return recorded(event, { stream, revision: result.revision, position: result.position }, seen);
};

/** Appends `count` single events to as many streams and gives them as the log recorded them, in position order. */
export const appendMany = async (log: EventLog, count: number): Promise<readonly RecordedEvent[]> => {
  await Promise.all(Array.from({ length: count }, () => log.append(aStream(), [anEvent()], 'no_stream')));
  return everything(log);
};

/** The whole log, read page by page. */
export const everything = async (log: EventLog): Promise<readonly RecordedEvent[]> => {
  const all: RecordedEvent[] = [];
  for (;;) {
    const page = await log.readAll(all.at(-1)?.position ?? 0, 500);
    if (page.length === 0) return all;
    all.push(...page);
  }
};
