import {
  createOperations,
  createOperationsApp,
  faultCheck,
  internalContext,
  type Keys,
  type ObservedLog,
  workChecks,
} from '@signalbox/assembly';
import { createEventCodec } from '@signalbox/event-schemas';
import {
  type BusBatch,
  type BusSubscriber,
  createProjectionRunner,
  type PoisonEvent,
  type ProjectionRunner,
  type RecordedEvent,
} from '@signalbox/event-sourcing';
import type { App } from '@signalbox/http';
import { type ServiceContext, supervise } from '@signalbox/runtime';
import { bindAll } from './app.ts';
import { keepWhole, type ReadModels, type Rebuilt } from './keep-whole.ts';

/** Readers wait for what is not shown yet. */
const SOON = { firstMs: 100, maxMs: 1_000 };

/** Shows the batches of one partition, one after another. */
type Lane = (batch: BusBatch) => Promise<readonly PoisonEvent[]>;

/** The process that brings the read models up with the bus. Any number of them share the partitions. */
export const buildProjector = async (options: {
  readonly context: ServiceContext;
  readonly log: ObservedLog;
  readonly keys: Keys;
  readonly subscriber: BusSubscriber;
  /** Projectors of one group share the work. */
  readonly group: string;
  readonly readModels: ReadModels & {
    /** Everything of this partition up to this position is shown. */
    readonly reached: (partition: number, position: number) => Promise<void>;
    readonly check: () => Promise<void>;
  };
}): Promise<{ readonly app: App; readonly close: () => Promise<void> }> => {
  const { context, log, keys, subscriber, readModels } = options;
  const { clock, timers, chance, logger, telemetry } = context;
  const { metrics } = telemetry;
  const codec = createEventCodec(keys.vault);
  const projections = bindAll(readModels.live, { log, codec });
  const operations = createOperations({ log, codec, clock, chance });

  const laneFor = (partition: number): Lane => {
    let poison: PoisonEvent[] = [];
    const runner: ProjectionRunner = createProjectionRunner({
      ...{ codec, projections },
      setAside: (event, { message }) => poison.push({ event, reason: message }),
    });
    let isMarked = false;
    return async ({ events }) => {
      // Before anything of it is shown: a store that goes back to before its first mark must not pass it over.
      if (!isMarked) await readModels.reached(partition, 0);
      isMarked = true;
      poison = [];
      await runner.apply(events);
      // Read models that leave an event out have to be built anew by a version that knows it.
      for (const event of events) {
        if (codec.knows(event.type)) continue;
        poison.push({ event, reason: `This version does not know events of the type ${event.type}.` });
      }
      const last = events.at(-1);
      if (last) {
        await readModels.reached(partition, last.position);
        metrics.projected(events.length, Math.max(0, clock.now() - last.recordedAt) / 1_000);
      }
      return poison;
    };
  };

  let lanes = new Map<number, Lane>();
  const handle = (batch: BusBatch) => {
    const lane = lanes.get(batch.partition) ?? laneFor(batch.partition);
    lanes.set(batch.partition, lane);
    return lane(batch);
  };

  const record = ({ rebuildId: given, ...rebuilt }: Rebuilt) => {
    const rebuildId = given ?? chance.uuid();
    const data = { rebuildId, name: 'all', ...rebuilt };
    return operations.record({ type: 'ReadModelRebuilt', data }, internalContext('system:rebuild', rebuildId));
  };

  const work = [
    supervise({
      ...{ name: 'projector', timers, chance, logger, metrics, backoff: SOON },
      run: (signal, healthy) =>
        subscriber.consume({
          group: options.group,
          handle: async (batch) => {
            const poison = await handle(batch);
            healthy();
            return poison;
          },
          // A partition that comes back may begin before where it was left.
          onAssigned: (partitions) => {
            lanes = new Map();
            logger.info({ partitions }, 'partitions were dealt out');
          },
          signal,
        }),
    }),
    supervise({
      ...{ name: 'read_models', timers, chance, logger, metrics, backoff: SOON },
      run: (signal, healthy) => {
        const setAside = ({ stream, position }: RecordedEvent) =>
          logger.error({ stream, position }, 'an event of the log cannot be read and was left out of the read models');
        return keepWhole(
          {
            ...{ readModels, reading: { log, codec, setAside }, metrics, logger, timers, record },
            now: () => clock.now(),
          },
          signal,
          healthy,
        );
      },
    }),
  ];
  metrics.observe('breakerOpen', () => (work[0]?.unhealthy() ? 1 : 0), 'bus');
  const app = await createOperationsApp(context, [
    faultCheck('log', log.fault),
    { name: 'views', check: readModels.check },
    ...workChecks(work),
  ]);
  return {
    app,
    close: async () => {
      await app.close();
      for (const one of work) await one.stop();
      app.stopLoad();
    },
  };
};
