import type { ServiceContext } from '@signalbox/runtime';
import type { KeyStore } from '@signalbox/vault';
import { connectRedis, redisKeyStore } from '@signalbox/views-redis';

/** A Redis that writes each change to its disk answers later than one that does not. */
const COMMAND_TIMEOUT_MS = 5_000;

/**
 * The keys of the stack, in a Redis of their own. As long as that is away, or is set up so that it would lose keys or
 * keep what was destroyed, `check` rejects, and says what to do.
 */
export const openKeys = async (
  context: Pick<ServiceContext, 'config' | 'timers' | 'chance' | 'logger' | 'instance'>,
): Promise<KeyStore> => {
  const { config, timers, chance, logger, instance } = context;
  const redis = await connectRedis({
    url: config.stack.keysUrl ?? '',
    namespace: config.stack.namespace,
    instance: `${instance}-${chance.uuid()}`,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    onTrouble: (error) => logger.warn({ err: error }, 'trouble with the store of the keys'),
  });
  return redisKeyStore({ redis, after: timers.after });
};
