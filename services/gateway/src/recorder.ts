import { checkpointKeys, type Keys } from '@signalbox/assembly';
import { createAudit, type History } from '@signalbox/audit';
import { operationsDay, VERIFICATIONS } from '@signalbox/commands';
import type { DomainEventCodec } from '@signalbox/event-schemas';
import { type CatchUpSource, type StreamReader, streamName } from '@signalbox/event-sourcing';
import { originOf, type RecordedCheckpoints, recordedCheckpoints, type TileStore } from '@signalbox/evidence';
import type { AuditIndex } from '@signalbox/read-models';
import type { ServiceContext } from '@signalbox/runtime';
import { diagnose } from '@signalbox/verdict';
import type { AuditDeps, AuditHealth } from './routes/audit/deps.ts';
import type { EvidenceDeps } from './routes/audit/evidence.ts';

export type RecorderParts = {
  readonly context: Pick<ServiceContext, 'config' | 'clock' | 'timers' | 'telemetry'>;
  readonly log: CatchUpSource & StreamReader & { readonly id: string };
  readonly history: History;
  readonly codec: DomainEventCodec;
  readonly keys: Keys;
  readonly index: AuditIndex;
  readonly tiles: TileStore;
  /** How far each read model has come, by its name. */
  readonly positions: () => Promise<ReadonlyMap<string, number>>;
};

export type Recorder = { readonly audit: AuditDeps; readonly evidence: EvidenceDeps };

/** What the routes of the flight recorder stand on. */
export const createRecorder = (parts: RecorderParts): Recorder => {
  const { context, log, history, keys, index, tiles } = parts;
  const { config, clock, timers } = context;
  const now = () => clock.now();
  const verifiers = checkpointKeys(config, log.id).all;
  const checkpoints = recordedCheckpoints({
    ...{ readBack: history.readBack, origin: originOf(log.id), keys: verifiers },
  });
  return {
    audit: {
      audit: createAudit({
        ...{ log, history, index, diagnose, now, dateOf: operationsDay },
        open: keys.vault.fresh.open,
        offerMaxTtlMs: config.lifetimes.offerMaxTtlMs,
      }),
      ...{ log, timers, source: `/signalbox/${log.id}` },
      health: () => healthOf(parts, checkpoints),
      onShown: context.telemetry.metrics.audited,
      maxWaitMs: config.timeouts.longPollMaxMs,
      requestMs: config.timeouts.requestMs,
    },
    evidence: { logId: log.id, keys: verifiers, log, find: history.find, checkpoints, tiles },
  };
};

const healthOf = async (parts: RecorderParts, checkpoints: RecordedCheckpoints): Promise<AuditHealth> => {
  const { context, log, keys, positions } = parts;
  const [head, newest, verification, status, reached] = await Promise.all([
    log.head(),
    checkpoints.newest(),
    lastVerification(parts),
    keys.vault.status(),
    positions(),
  ]);
  return {
    head,
    checkpoint: newest && {
      ...{ size: newest.size, position: newest.position, signedAt: newest.recordedAt },
      ageMs: Math.max(0, context.clock.now() - newest.recordedAt),
      behind: Math.max(0, head - newest.position),
    },
    verification,
    keys: {
      current: status.current,
      masterKeys: status.masterKeys.length,
      unneeded: status.unneeded,
      missing: status.missing,
      epochs: status.epochs.length,
      dataKeys: status.epochs.reduce((sum, { dataKeys }) => sum + dataKeys, 0),
    },
    readModels: [...reached].map(([name, position]) => ({ name, position, behind: Math.max(0, head - position) })),
  };
};

const lastVerification = async ({ log, codec }: RecorderParts): Promise<AuditHealth['verification']> => {
  const events = await codec.only.operations.decode(
    await log.readStream(streamName('operations', VERIFICATIONS)),
    'skip',
  );
  const last = events.at(-1)?.event;
  return last?.type === 'VerificationCompleted' ? last.data : null;
};
