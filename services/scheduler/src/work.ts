import type { WriteSide } from '@signalbox/assembly';
import type { DueTimes, Observations, Sessions } from '@signalbox/read-models';
import { type ServiceContext, type Supervised, supervise } from '@signalbox/runtime';
import { compensate } from './compensate.ts';
import { createObserver, observeRegularly } from './observe.ts';
import { type RetentionOptions, retainRegularly } from './retention.ts';
import { type SweepOptions, sweepRegularly } from './sweep.ts';
import { trustedClock } from './trusted-clock.ts';

/** What is due does not wait long for servers that have come back. */
const SOON = { firstMs: 100, maxMs: 1_000 };

/**
 * What happens without anyone asking: what is due is ended, what has been kept long enough forgotten, and what was
 * noticed on the way recorded.
 */
export const schedulerWork = (options: {
  readonly context: Pick<ServiceContext, 'config' | 'clock' | 'timers' | 'chance' | 'logger' | 'telemetry'>;
  readonly due: DueTimes;
  readonly writeSide: WriteSide;
  readonly targets: SweepOptions['targets'];
  readonly isMine: SweepOptions['isMine'];
  readonly observations: Pick<Observations, 'take'>;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly retention: Pick<RetentionOptions, 'keys' | 'log' | 'index' | 'isMine' | 'settle'>;
  /** Of the last event that the log held before this process, epoch milliseconds; null for an empty log. */
  readonly lastRecordedAt: number | null;
}): readonly Supervised[] => {
  const { context, due, writeSide, targets, isMine, observations, sessions, retention } = options;
  const { clock, timers, chance, logger } = context;
  const { metrics } = context.telemetry;
  const now = () => clock.now();
  const isTrusted = trustedClock({
    ...{ clock, lastRecordedAt: options.lastRecordedAt },
    onDoubt: (aheadMs) =>
      logger.warn({ aheadMs }, 'the clock moved far: no keys are destroyed by the retention for an hour'),
  });
  const observer = createObserver({
    ...{ observations, sessions, now, newId: () => chance.orderedUuid() },
    ...{ commands: writeSide.observations, operations: writeSide.operations },
    onLost: (count) => logger.warn({ sessions: count }, 'what was noticed of some sessions is lost'),
  });
  return [
    supervise({
      ...{ name: 'scheduler', timers, chance, logger, metrics, backoff: SOON },
      run: (signal, healthy) =>
        compensate(
          {
            due: {
              ...due,
              claim: (...asked) =>
                due.claim(...asked).then((rows) => {
                  healthy();
                  return rows;
                }),
            },
            ...{ sessions: writeSide.sessions, credentials: writeSide.credentials, now, after: timers.after },
            onEnded: (kind, lateMs) => {
              healthy();
              metrics.scheduledLate(kind, lateMs / 1_000);
            },
          },
          signal,
        ),
    }),
    supervise({
      ...{ name: 'observer', timers, chance, logger, metrics },
      run: (signal, healthy) => observeRegularly({ after: timers.after }, observer, signal, healthy),
    }),
    supervise({
      ...{ name: 'retention', timers, chance, logger, metrics },
      run: (signal, healthy) =>
        retainRegularly(
          {
            ...{ ...retention, now, after: timers.after, newId: () => chance.orderedUuid() },
            isMine: async (at) => isTrusted() && retention.isMine(at),
            everyMs: context.config.lifetimes.sweepIntervalMs,
            retentionMs: context.config.lifetimes.retentionMs,
            epochMs: context.config.lifetimes.keyEpochMs,
            ...{ sessions: writeSide.sessions, credentials: writeSide.credentials, operations: writeSide.operations },
            onRetained: (done) => {
              healthy();
              if (done.epochs + done.sessions + done.credentials > 0) {
                const { epochs, sessions } = done;
                logger.info(
                  { epochs, sessions, ofCredentials: done.credentials },
                  'what was kept long enough cannot be read any more',
                );
              }
              metrics.swept('retained_epochs', done.epochs);
              metrics.swept('retained_sessions', done.sessions);
              metrics.swept('retained_credentials', done.credentials);
            },
          },
          signal,
        ),
    }),
    supervise({
      ...{ name: 'sweeper', timers, chance, logger, metrics },
      run: (signal, healthy) =>
        sweepRegularly(
          {
            ...{ targets, isMine, now, after: timers.after },
            everyMs: context.config.lifetimes.sweepIntervalMs,
            operations: writeSide.operations,
            newSweepId: () => chance.orderedUuid(),
            onSwept: (removed) => {
              healthy();
              for (const [kind, count] of Object.entries(removed)) metrics.swept(kind, count);
            },
          },
          signal,
        ),
    }),
  ];
};
