import { checkpointKeys, type KeyReport, type Keys } from '@signalbox/assembly';
import { createAudit, type History } from '@signalbox/audit';
import { operationsDay, verificationStreams } from '@signalbox/commands';
import type { DomainEventCodec } from '@signalbox/event-schemas';
import { type CatchUpSource, type StreamReader, streamName } from '@signalbox/event-sourcing';
import {
  contradictionIn,
  originOf,
  type RecordedCheckpoints,
  recordedCheckpoints,
  type TileStore,
} from '@signalbox/evidence';
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
  readonly keys: Pick<Keys, 'vault'>;
  /** How the keys stand; what is costly to know may be so old. */
  readonly keyReport: (withinMs: number) => Promise<KeyReport>;
  readonly index: AuditIndex;
  readonly tiles: TileStore;
  /** How far each read model has come, by its name. */
  readonly positions: () => Promise<ReadonlyMap<string, number>>;
};

export type Recorder = { readonly audit: AuditDeps; readonly evidence: EvidenceDeps };

/** Health is asked for often, and credentials change seldom. */
const KEYS_WITHIN_MS = 600_000;

/** What the routes of the flight recorder stand on. */
export const createRecorder = (parts: RecorderParts): Recorder => {
  const { context, log, history, keys, index, tiles } = parts;
  const { config, clock, timers } = context;
  const now = () => clock.now();
  const verified = lastVerification(parts);
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
      ...{ log, timers, now, source: `/signalbox/${log.id}` },
      health: () => healthOf(parts, checkpoints, verified),
      onShown: context.telemetry.metrics.audited,
      maxWaitMs: config.timeouts.longPollMaxMs,
      requestMs: config.timeouts.requestMs,
    },
    evidence: { logId: log.id, keys: verifiers, log, find: history.find, checkpoints, tiles },
  };
};

const healthOf = async (
  parts: RecorderParts,
  checkpoints: RecordedCheckpoints,
  verified: () => Promise<Verification>,
): Promise<AuditHealth> => {
  const { context, log, tiles, keyReport, positions } = parts;
  const [head, newest, verification, status, reached, contradiction] = await Promise.all([
    log.head(),
    checkpoints.newest(),
    verified(),
    keyReport(KEYS_WITHIN_MS),
    positions(),
    contradictionIn(tiles, originOf(log.id)),
  ]);
  return {
    head,
    checkpoint: newest && {
      ...{ size: newest.size, position: newest.position, signedAt: newest.recordedAt },
      ageMs: Math.max(0, context.clock.now() - newest.recordedAt),
      behind: Math.max(0, head - newest.position),
    },
    contradiction: contradiction && { reason: contradiction.reason, since: contradiction.since },
    verification,
    keys: {
      current: status.current,
      masterKeys: status.masterKeys.length,
      unneeded: status.unneeded,
      missing: status.missing,
      store: status.store,
      epochs: status.epochs.length,
      dataKeys: status.epochs.reduce((sum, { dataKeys }) => sum + dataKeys, 0),
    },
    readModels: [...reached].map(([name, position]) => ({ name, position, behind: Math.max(0, head - position) })),
  };
};

type Verification = AuditHealth['verification'];

/** Where the last one is, is remembered: after the first time, what came after it is read alone. */
const lastVerification = ({ log, codec, context }: RecorderParts): (() => Promise<Verification>) => {
  let known: { readonly id: string; readonly revision: number; readonly verification: Verification } | null = null;

  return async () => {
    for (const id of verificationStreams(context.clock.now())) {
      const from = known?.id === id ? known.revision + 1 : 0;
      const [last] = (await log.readStream(streamName('operations', id), { from })).slice(-1);
      if (last) {
        const [decoded] = await codec.only.operations.decode([last], 'skip');
        const verification = decoded?.event.type === 'VerificationCompleted' ? decoded.event.data : null;
        known = { id, revision: last.revision, verification };
      }
      if (known?.id === id) return known.verification;
    }
    return null;
  };
};
