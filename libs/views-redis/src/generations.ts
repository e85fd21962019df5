import type { Redis } from './connection.ts';
import { type Keyspace, keyspace, REPAIRS, THIS_RUN } from './keyspace.ts';
import { holdRebuild, LOCK_MS, type Rebuild } from './rebuild.ts';
import { script } from './script.ts';
import { ViewsUnavailable } from './unavailable.ts';

export type Generations = {
  /** The views that are made with it are those of the live generation, whichever that is by then. */
  readonly live: Keyspace;
  /** The same for whoever shows again what a restarted Redis may have lost: until then nobody else's writes are taken. */
  readonly repaired: Keyspace;
  /** The live generation, asked of Redis; null when there is none, so that a rebuild has to make one. */
  current(): Promise<string | null>;
  /** Begins a new generation; null while somebody else is filling one. */
  begin(): Promise<Rebuild | null>;
  /** Drops every generation that is neither live nor being filled. Nobody reads those. */
  dropOthers(): Promise<void>;
  /** Called when another generation has become the live one, or may have. Answers with how to stop being told. */
  onSwitched(listener: () => void): () => void;
};

const KEYS_PER_SCAN = 500;

const BEGIN = script(`
if not redis.call('SET', ARGV[1] .. ':rebuild', ARGV[2], 'NX', 'PX', ARGV[3]) then return 0 end
redis.call('SADD', ARGV[1] .. ':generations', ARGV[2])
redis.call('HSET', ARGV[1] .. ':' .. ARGV[2] .. ':applied', 'run', ${THIS_RUN})
return 1
`);

const OTHERS = script(`
local live = redis.call('GET', ARGV[1] .. ':generation')
local filled = redis.call('GET', ARGV[1] .. ':rebuild')
local others = {}
for _, generation in ipairs(redis.call('SMEMBERS', ARGV[1] .. ':generations')) do
  if generation ~= live and generation ~= filled then others[#others + 1] = generation end
end
return others
`);

export const redisGenerations = (options: {
  readonly redis: Redis;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Runs `work` once after `ms`; answers with how to call it off. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** An id that was never given before, nor ever will be; of letters, digits and dashes. */
  readonly newGeneration: () => string;
}): Generations => {
  const { redis, now, after, newGeneration } = options;
  const pointer = `${redis.namespace}:generation`;
  let known: Promise<string> | undefined;

  const current = async () => (await redis.send('GET', pointer)) as string | null;

  const ask = async (): Promise<string> => {
    const generation = await current();
    if (generation === null) throw new ViewsUnavailable('There are no read models: they have to be built from the log');
    return generation;
  };

  const live = keyspace({
    redis,
    now,
    target: {
      current: async () => {
        const asked = known ?? ask();
        known = asked;
        try {
          return await asked;
        } catch (error) {
          if (known === asked) known = undefined;
          throw error;
        }
      },
      movedOn: () => {
        known = undefined;
      },
    },
  });

  const drop = async (generation: string) => {
    let cursor = '0';
    do {
      const page = await redis.send(
        'SCAN',
        cursor,
        'MATCH',
        `${redis.namespace}:${generation}:*`,
        'COUNT',
        KEYS_PER_SCAN,
      );
      const [next, keys] = page as readonly [string, readonly string[]];
      if (keys.length > 0) await redis.send('UNLINK', ...keys);
      cursor = next;
    } while (cursor !== '0');
    await redis.send('SREM', `${redis.namespace}:generations`, generation);
  };

  return {
    live,
    repaired: { ...live, writes: REPAIRS },
    current,
    begin: async () => {
      const generation = newGeneration();
      const runId = await redis.runId();
      const begun = await redis.run(BEGIN, [redis.namespace, generation, LOCK_MS]);
      return begun === 1 ? holdRebuild({ redis, generation, runId, now, after }) : null;
    },
    dropOthers: async () => {
      const others = (await redis.run(OTHERS, [redis.namespace])) as readonly string[];
      for (const generation of others) await drop(generation);
    },
    onSwitched: (listener) => redis.subscribe(pointer, { onMessage: listener, onResumed: listener }).stop,
  };
};
