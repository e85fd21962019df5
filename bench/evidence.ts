/**
 * What tamper evidence costs the write path: offers are published through the decider, the codec and the durable log,
 * with and without the hash of each event and the notary that follows the log, in turn. Nothing of HTTP and nothing of
 * signatures is in it, so a request pays a smaller share than this.
 *
 *   node bench/evidence.ts [offers per round, 20000 unless given]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SessionCommand, type SessionEvent, session } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { createCommandHandler, type EventChain, type EventMetadata, streamName } from '@signalbox/event-sourcing';
import { createNotary, eventHash, originOf, signerKey } from '@signalbox/evidence';
import { openSqliteLog, sqliteTileStore } from '@signalbox/log-sqlite';
import { systemChance, systemClock, systemTimers } from '@signalbox/runtime';

const OFFERS = Number(process.argv[2] ?? 20_000);
const OUTSTANDING = 64;
const ROUNDS = 7;

const hex = (bytes: number) => Buffer.from(systemChance.bytes(bytes)).toString('hex');
const sdp = hex(700);
const metadata: EventMetadata = {
  ...{ actor: hex(32), correlationId: systemChance.orderedUuid(), causationId: systemChance.orderedUuid() },
  trace: `00-${hex(16)}-${hex(8)}-01`,
  authorisation: {
    ...{ scheme: 'http-signature', key: hex(32), algorithm: 'ed25519', nonce: systemChance.uuid() },
    ...{ timestamp: systemClock.now(), signature: hex(44), signedTextHash: hex(21) },
  },
};

const codec = createEventCodec({
  seal: async (_stream, _first, payloads) => ({ keyId: null, data: payloads.map(({ data }) => data) }),
  open: async (recorded) => recorded.map(({ data }) => data),
});

/** The write path on a log of its own. */
const openPath = async (directory: string, chain: EventChain, isNotarised: boolean) => {
  const log = await openSqliteLog({
    path: join(directory, 'log.db'),
    now: systemClock.now,
    newLogId: systemChance.uuid,
  });
  const tiles = sqliteTileStore({ path: join(directory, 'evidence.db') });
  const handle = createCommandHandler<SessionCommand, ReturnType<typeof session.evolve>, SessionEvent, unknown>({
    ...{ decider: session, log, codec: codec.only.session, chain, cachedStates: 1_000 },
    newEventId: systemChance.orderedUuid,
    derivedEventId: (commandId) => commandId,
  });
  const stopping = new AbortController();
  const signer = signerKey(originOf(log.id), systemChance.bytes(32));
  const notary = createNotary({
    ...{ source: log, tiles, origin: originOf(log.id), signer, keys: [signer] },
    ...{ now: systemClock.now, after: systemTimers.after },
    record: async (checkpoint) => {
      const data = Buffer.from(JSON.stringify(checkpoint));
      const event = { id: systemChance.orderedUuid(), type: 'CheckpointSigned', schemaVersion: 1, data };
      const unlinked = { ...event, keyId: null, metadata, hash: null, previousHash: null };
      await log.append(streamName('operations', 'bench'), [unlinked], 'any');
    },
  });
  const running = isNotarised ? notary.run(stopping.signal, () => undefined) : Promise.resolve();
  return {
    publish: async () => {
      const command: SessionCommand = {
        ...{ type: 'PublishOffer', by: metadata.actor, tags: ['chat'], service: null, sdp, ttlMs: 60_000 },
        now: systemClock.now(),
      };
      const outcome = await handle(systemChance.orderedUuid(), command, { metadata, commandId: null, creates: true });
      if (outcome.kind !== 'accepted') throw new Error(`The offer was not taken: ${outcome.kind}.`);
    },
    close: async () => {
      stopping.abort();
      await running;
      tiles.close();
      await log.close();
    },
  };
};

type Measured = { readonly perSecond: number; readonly loopMicros: number };

const measure = async (publish: () => Promise<void>): Promise<Measured> => {
  let left = OFFERS;
  const worker = async () => {
    while (left-- > 0) await publish();
  };
  const [start, cpu] = [systemClock.monotonic(), process.threadCpuUsage()];
  await Promise.all(Array.from({ length: OUTSTANDING }, worker));
  const [elapsed, used] = [systemClock.monotonic() - start, process.threadCpuUsage(cpu)];
  return { perSecond: (OFFERS / elapsed) * 1_000, loopMicros: (used.user + used.system) / OFFERS };
};

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN;

const directory = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
const noHash = new Uint8Array(32);
const paths = {
  without: await openPath(mkdtempSync(join(directory, 'without-')), () => noHash, false),
  with: await openPath(mkdtempSync(join(directory, 'with-')), eventHash, true),
};
const results: { readonly without: Measured[]; readonly with: Measured[] } = { without: [], with: [] };
for (const warm of [paths.without, paths.with]) await measure(warm.publish);
for (let round = 0; round < ROUNDS; round++) {
  for (const name of round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const)) {
    results[name].push(await measure(paths[name].publish));
  }
}
for (const path of Object.values(paths)) await path.close();
rmSync(directory, { recursive: true, force: true });

const of = (name: 'without' | 'with', field: keyof Measured) => median(results[name].map((one) => one[field]));
for (const name of ['without', 'with'] as const) {
  process.stdout.write(
    `${name.padEnd(8)} ${of(name, 'perSecond').toFixed(0)} offers/s, ${of(name, 'loopMicros').toFixed(1)} us of the event loop each\n`,
  );
}
process.stdout.write(
  `evidence costs ${((1 - of('with', 'perSecond') / of('without', 'perSecond')) * 100).toFixed(1)} % of the rate and ` +
    `${(of('with', 'loopMicros') - of('without', 'loopMicros')).toFixed(1)} us of the event loop for each offer\n`,
);
