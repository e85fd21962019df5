import { type EventLog, type NewEvent, streamName } from '@signalbox/event-sourcing';
import {
  createNotary,
  eventHash,
  originOf,
  type SignedCheckpoint,
  sha256,
  signerKey,
  type TileStore,
} from '@signalbox/evidence';
import { until } from '@signalbox/testing';

/** The seed of the key that signs the checkpoints of logs made here. */
export const evidenceSeed: Uint8Array = sha256('the seed of the test');

const T0 = 1_760_000_000_000;
const SIGNED_EVERY = 40;

const anEvent = (number: number, type: string, data: string): Omit<NewEvent, 'hash' | 'previousHash'> => ({
  id: `00000000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`,
  type,
  schemaVersion: 1,
  data: Buffer.from(data),
  keyId: number % 3 === 0 ? null : `epoch.key-${number % 50}`,
  metadata: {
    ...{ actor: `actor-${number % 20}`, correlationId: `c-${number}`, causationId: `d-${number}` },
    trace: number % 2 === 0 ? null : `00-trace-${number}-01`,
    authorisation:
      number % 5 === 0
        ? null
        : {
            ...{ scheme: 'http-signature', key: `key-${number}`, algorithm: 'ed25519', nonce: `n-${number}` },
            ...{ timestamp: T0 + number, signature: `sig-${number}`, signedTextHash: `text-${number}` },
          },
  },
});

/**
 * Fills an empty log with about `count` events of many sessions, linked by their hashes, and has a notary sign a
 * checkpoint after every forty. Answers with how many events the last checkpoint covers: it is itself the one more.
 */
export const fillWithEvidence = async (
  log: Pick<EventLog, 'id' | 'append' | 'head' | 'subscribeAll'>,
  tiles: TileStore,
  count: number,
): Promise<number> => {
  const signer = signerKey(originOf(log.id), evidenceSeed);
  const last = new Map<string, { readonly revision: number; readonly hash: Uint8Array }>();
  const due: (() => void)[] = [];
  let [made, signed] = [0, 0];

  const append = async (category: string, id: string, type: string, data: string) => {
    const stream = streamName(category, id);
    const before = last.get(stream);
    const event = anEvent(++made, type, data);
    const previousHash = before?.hash ?? null;
    const revision = (before?.revision ?? -1) + 1;
    const hash = eventHash(stream, revision, event, previousHash);
    last.set(stream, { revision, hash });
    await log.append(stream, [{ ...event, hash, previousHash }], revision === 0 ? 'no_stream' : revision - 1);
  };

  const notary = createNotary({
    ...{ source: log, tiles, origin: originOf(log.id), signer, keys: [signer], now: () => T0 },
    record: async (checkpoint: SignedCheckpoint) => {
      await append('operations', 'day', 'CheckpointSigned', JSON.stringify(checkpoint));
      signed = checkpoint.size;
    },
    after: (_ms, work) => {
      due.push(work);
      return () => undefined;
    },
  });
  const stopping = new AbortController();
  const ended = notary.run(stopping.signal, () => undefined);
  while (made < count) {
    const end = Math.min(made + SIGNED_EVERY, count);
    while (made < end) {
      const session = `s${Math.floor(made / 7) + (made % 3)}`;
      await append('session', session, 'ThingHappened', `${'x'.repeat((made * 37) % 300)}{"what":"thing ${made}"}`);
    }
    const head = await log.head();
    await until('the notary has read everything', () => notary.status().size === head && due.length > 0);
    for (const work of due.splice(0)) work();
    await until('it has signed', () => signed === head);
  }
  stopping.abort();
  await ended;
  return signed;
};
