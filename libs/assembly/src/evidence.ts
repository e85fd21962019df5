import type { CatchUpSource } from '@signalbox/event-sourcing';
import {
  createNotary,
  originOf,
  type SignerKey,
  signerKey,
  type TileStore,
  type VerifierKey,
} from '@signalbox/evidence';
import { type ServiceContext, type Supervised, supervise } from '@signalbox/runtime';
import { internalContext } from './internal-context.ts';
import type { WriteSide } from './write-side.ts';

/** The keys that sign the checkpoints of a log; the first signs from now on. */
export const checkpointKeys = (
  { secrets }: ServiceContext['config'],
  logId: string,
): { readonly signer: SignerKey; readonly all: readonly VerifierKey[] } => {
  const all = secrets.checkpointKeys.map((seed) => signerKey(originOf(logId), Buffer.from(seed, 'hex')));
  const [signer] = all;
  if (!signer) throw new Error('There is no key to sign checkpoints with.');
  return { signer, all };
};

/**
 * Keeps the tree of the log and signs it. Any number of processes may do so: what one has signed, the others leave. A
 * log that contradicts what was signed is told loudly and does not stop a call: `/ready` stays as it is.
 */
export const notaryWork = (options: {
  readonly context: Pick<ServiceContext, 'config' | 'clock' | 'timers' | 'chance' | 'logger' | 'telemetry'>;
  readonly log: Pick<CatchUpSource, 'subscribeAll'> & { readonly id: string };
  readonly tiles: TileStore;
  readonly operations: Pick<WriteSide['operations'], 'record'>;
}): Supervised => {
  const { context, log, tiles, operations } = options;
  const { config, clock, timers, chance, logger, telemetry } = context;
  const { metrics } = telemetry;
  const keys = checkpointKeys(config, log.id);
  const notary = createNotary({
    ...{ source: log, tiles, origin: originOf(log.id), signer: keys.signer, keys: keys.all },
    record: (data) =>
      operations.record(
        { type: 'CheckpointSigned', data },
        internalContext('system:notary', `checkpoint-${data.size}`),
      ),
    ...{ now: () => clock.now(), after: timers.after },
    onRebuild: (reason) => logger.warn({ reason }, 'the tree of the log is made anew'),
    onContradiction: (reason) => logger.error({ reason }, 'the log has been changed: no more checkpoints are signed'),
    onSettled: (reason) =>
      logger.warn({ reason }, 'nothing contradicts the log any more: checkpoints are signed again'),
  });
  metrics.observe('uncoveredEvents', () => notary.status().behind);
  metrics.observe('logContradicted', () => (notary.unhealthy() === null ? 0 : 1));
  return supervise({
    ...{ name: 'notary', timers, chance, logger, metrics },
    run: (signal, healthy) => notary.run(signal, healthy),
  });
};
