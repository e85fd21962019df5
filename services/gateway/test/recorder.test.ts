import { createOperationsCommands } from '@signalbox/commands';
import type { OperationsEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { streamName } from '@signalbox/event-sourcing';
import { memoryTileStore, originOf } from '@signalbox/evidence';
import { memoryAuditIndex, memoryEventLog } from '@signalbox/memory';
import { loadConfig, noMetrics } from '@signalbox/runtime';
import { fakeClock, metadata, seededChance, unsealed } from '@signalbox/testing';
import { expect, it } from 'vitest';
import { createRecorder } from '../src/recorder.ts';

const begin = Date.UTC(2026, 0, 31, 23);
const codec = createEventCodec(unsealed);

/** The recorder over a log in memory, with doubles of the keys; what it reads of streams is counted. */
const aRecorder = () => {
  const loaded = loadConfig({ SIGNALBOX_CHECKPOINT_KEYS: 'ab'.repeat(32) }, () => '');
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const [clock, chance, tiles] = [fakeClock(begin), seededChance(1), memoryTileStore()];
  const log = memoryEventLog({ now: clock.now, id: 'log-1' });
  const read = { events: 0 };
  const status = { current: 'a', masterKeys: [], unneeded: [], missing: [], epochs: [], store: {} };
  const { audit } = createRecorder({
    context: {
      ...{ config: { ...loaded.ok, secrets: { ...loaded.ok.secrets, checkpointKeys: ['ab'.repeat(32)] } } },
      ...{ clock, timers: clock, telemetry: { metrics: noMetrics } as never },
    },
    log: {
      ...log,
      readStream: async (stream, range) => {
        const events = await log.readStream(stream, range);
        read.events += events.length;
        return events;
      },
    },
    history: { positionAt: async () => 0, find: async () => undefined, readBack: async () => [] },
    ...{ codec, index: memoryAuditIndex().index, tiles, keys: { vault: { fresh: {} } } as never },
    keyReport: async () => status as never,
    positions: async () => new Map(),
  });
  const commands = createOperationsCommands({
    ...{ now: () => clock.now() },
    handle: async (id, command) => {
      const stream = streamName('operations', id);
      const { operation } = command as { readonly operation: OperationsEvent };
      const revision = (await log.readStream(stream)).length;
      const encoded = await codec.encode(stream, revision, [operation], null);
      const event = { id: chance.uuid(), metadata: metadata({}), hash: null, previousHash: null };
      await log.append(stream, [{ ...encoded[0], ...event } as never], 'any');
      return { kind: 'accepted' } as never;
    },
  });
  const verified = (size: number) =>
    commands.record(
      {
        type: 'VerificationCompleted',
        data: { size, position: size, intact: true, firstDifference: null, verifiedAt: clock.now() },
      },
      { metadata: metadata({}), commandId: null },
    );
  return { audit, clock, log, read, tiles, verified };
};

it('tells the last verification, of whichever month, and reads what is new alone', async () => {
  const { audit, clock, log, read, verified } = aRecorder();
  const sizeOf = async () => (await audit.health()).verification?.size;
  expect(await sizeOf()).toBeUndefined();
  for (let size = 1; size <= 30; size++) await verified(size);
  expect([await sizeOf(), await sizeOf()]).toEqual([30, 30]);
  expect(read.events).toBe(30);
  await verified(31);
  expect([await sizeOf(), read.events]).toEqual([31, 31]);
  await clock.advance(2 * 3_600_000);
  expect([await sizeOf(), read.events]).toEqual([31, 31]);
  await verified(32);
  expect([await sizeOf(), read.events]).toEqual([32, 32]);
  expect(await log.readStream(streamName('operations', 'verifications-2026-01'))).toHaveLength(31);
  expect(await log.readStream(streamName('operations', 'verifications-2026-02'))).toHaveLength(1);
});

it('tells what contradicts the signatures, as a notary of any process has found it', async () => {
  const { audit, tiles } = aRecorder();
  expect((await audit.health()).contradiction).toBeNull();
  const contradiction = { reason: 'the log is shorter than what was signed', since: begin };
  await tiles.remember('contradiction', JSON.stringify({ origin: originOf('log-1'), size: 3, ...contradiction }));
  expect((await audit.health()).contradiction).toEqual(contradiction);
});
