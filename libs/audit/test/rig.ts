import type { CredentialEvent, DomainEvent, ObservationEvent, OperationsEvent, SessionEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { type EventMetadata, streamName } from '@signalbox/event-sourcing';
import { memoryEventLog } from '@signalbox/memory';
import { metadata, seededChance, t0 } from '@signalbox/testing';
import { createVault } from '@signalbox/vault';
import { memoryKeyStore } from '@signalbox/vault/memory';
import { createEventReader } from '../src/index.ts';

export const dateOf = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 10);

/** A log with sealed payloads, on a clock that the test moves. */
export const aLog = (seed = 1) => {
  const chance = seededChance(seed);
  const time = { now: t0 };
  const now = () => time.now;
  const log = memoryEventLog({ now, id: 'log-of-the-test' });
  const vault = createVault({
    ...{ store: memoryKeyStore(), now, chance, epochMs: 3_600_000 },
    masterKeys: [chance.bytes(32)],
  });
  const codec = createEventCodec(vault);

  const record = async (
    category: string,
    id: string,
    events: readonly DomainEvent[],
    about: Partial<EventMetadata> = {},
  ): Promise<void> => {
    const stream = streamName(category, id);
    const before = await log.readStream(stream);
    const redaction = events.some(({ type }) => type.endsWith('Redacted'));
    const keyId = redaction ? null : (before.find((event) => event.keyId !== null)?.keyId ?? null);
    const encoded = await codec.encode(stream, before.length, events, keyId);
    await log.append(
      stream,
      encoded.map((event) => ({
        ...event,
        ...{ id: chance.uuid(), metadata: metadata(about), hash: null, previousHash: null },
      })),
      before.length === 0 ? 'no_stream' : before.length - 1,
    );
  };

  return {
    ...{ log, vault, codec, time, chance },
    read: createEventReader(vault.fresh.open),
    session: (id: string, events: readonly SessionEvent[], about?: Partial<EventMetadata>) =>
      record('session', id, events, about),
    observed: (id: string, events: readonly ObservationEvent[]) => record('observation', id, events),
    credential: (name: string, events: readonly CredentialEvent[]) =>
      record('credential', name, events, { actor: name }),
    operation: (events: readonly OperationsEvent[]) => record('operations', dateOf(time.now), events),
    /** Destroys the key of a session, as an erasure does. */
    destroy: async (id: string): Promise<void> => {
      const [first] = await log.readStream(streamName('session', id));
      await vault.destroyDataKeys([first?.keyId ?? '']);
    },
  };
};

export type Rig = ReturnType<typeof aLog>;
