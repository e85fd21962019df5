import type { DomainEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import type { Decoded } from '@signalbox/event-sourcing';
import { type EventStoreLog, openEventStoreLog } from '@signalbox/log-eventstoredb';
import { systemChance, systemTimers } from '@signalbox/runtime';
import { streamPrefix } from '@signalbox/stack/log';
import { connectRedis, redisKeyStore } from '@signalbox/views-redis';
import { vaultOver } from '../../support/log.ts';
import type { Stack } from './stack.ts';

export type Recorded = Decoded<DomainEvent>;

/** The stack's log, for whoever checks it; to be closed before another one is opened. */
export const openStackLog = ({ env, namespace }: Stack): Promise<EventStoreLog> =>
  openEventStoreLog({
    url: env.SIGNALBOX_EVENTSTOREDB_URL ?? '',
    prefix: streamPrefix(namespace),
    newLogId: systemChance.uuid,
    ...{ timers: systemTimers, chance: systemChance },
    onTrouble: () => undefined,
  });

/** Everything in it, decoded with the keys of the stack. Throws when there is an event that can't be read. */
export const readWhole = async (log: EventStoreLog, { env, namespace }: Stack): Promise<readonly Recorded[]> => {
  const redis = await connectRedis({ url: env.SIGNALBOX_KEYS_URL ?? '', namespace, instance: 'the test' });
  try {
    const store = redisKeyStore({ redis, after: systemTimers.after });
    const codec = createEventCodec(vaultOver(store, [env.SIGNALBOX_MASTER_KEYS ?? '']));
    const all: Recorded[] = [];
    for (let after = 0; ; ) {
      const page = await log.readAll(after, 1_000);
      const last = page.at(-1);
      if (!last) return all;
      all.push(...(await codec.decode(page, 'stop')));
      after = last.position;
    }
  } finally {
    await redis.close();
  }
};
