import type { Settled } from '@signalbox/commands';
import { createEventCodec, type DomainEventCodec } from '@signalbox/event-schemas';
import type { EventLog } from '@signalbox/event-sourcing';
import type { HealthCheck } from '@signalbox/http';
import type { Progress } from '@signalbox/read-models';
import type { Logger, ServiceContext } from '@signalbox/runtime';
import { type KeyRing, keyRing } from '@signalbox/vault';
import { faultCheck } from './edge.ts';
import { guardedLog } from './guarded-log.ts';
import type { Keys } from './keys.ts';
import type { Stores } from './stores.ts';
import { createWriteSide, type WriteSide } from './write-side.ts';

export type ObservedLog = EventLog & {
  /** Null when the log can write; otherwise why not. */
  readonly fault: () => string | null;
  /** How many appends wait. */
  readonly waiting: () => number;
};

export type Writer = {
  readonly codec: DomainEventCodec;
  readonly writeSide: WriteSide;
  readonly checks: readonly HealthCheck[];
};

export const ringOf = ({ config, chance }: Pick<ServiceContext, 'config' | 'chance'>): KeyRing =>
  keyRing(
    config.secrets.masterKeys.map((key) => Buffer.from(key, 'hex')),
    chance,
  );

/** The write side of a process whose read models are somewhere else. */
export const createWriter = (options: {
  readonly context: Pick<ServiceContext, 'config' | 'clock' | 'chance' | 'telemetry'>;
  readonly log: ObservedLog;
  readonly keys: Keys;
  readonly stores: Pick<Stores, 'credentials' | 'quota' | 'check'>;
  readonly settled: { readonly sessions: Settled; readonly credentials: Settled };
}): Writer => {
  const { context, log, keys, stores, settled } = options;
  const { config, clock, chance, telemetry } = context;
  const guarded = guardedLog(log, { clock, metrics: telemetry.metrics });
  telemetry.metrics.observe('queueDepth', log.waiting, 'log');
  const codec = createEventCodec(keys.vault);
  const writeSide = createWriteSide({
    ...{ config, clock, chance, settled, codec },
    ring: keys.ring,
    credentials: stores.credentials,
    quota: stores.quota,
    log: { readStream: (stream, range) => log.readStream(stream, range), append: guarded.append },
  });
  const checks = [
    faultCheck('log', () => log.fault() ?? (guarded.refuses() ? 'it failed repeatedly and is left alone' : null)),
    { name: 'views', check: stores.check },
    { name: 'keys', check: keys.check },
  ];
  return { codec, writeSide, checks };
};

/** For readers that bring a token: a command answers as soon as it is recorded. */
export const atOnce: Settled = async () => undefined;

/**
 * For readers that can't bring a token: a command answers when the read models show it, or when `withinMs` are over, or
 * when they can't be asked. It is recorded either way, and to say that it failed would make the client do it again.
 */
export const whenShown =
  (
    progress: Progress,
    options: { readonly now: () => number; readonly withinMs: number; readonly logger: Logger },
  ): Settled =>
  async ({ stream, revision }) => {
    try {
      await progress.shows([{ stream, revision }], options.now(), options.withinMs);
    } catch (error) {
      options.logger.warn({ err: error }, 'a command was answered before it could be seen that its change is shown');
    }
  };
