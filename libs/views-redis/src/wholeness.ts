import { type Keyspace, PREAMBLE, THIS_RUN, WRITES } from './keyspace.ts';
import { script } from './script.ts';

/**
 * Redis may come back with less than it had: it acknowledges before its disk does. What it comes back with is a state
 * that it was in, so how far each partition of the bus had been shown is remembered in Redis itself, and goes back in
 * time with the rows. Whoever finds Redis restarted shows the log from there on again;
 * until that is done, nothing new is written (`WRITES`) and nothing counts as reached.
 */
export type Wholeness = {
  /** Everything of a new generation up to this position is shown. */
  begin(position: number): Promise<void>;
  /** Everything of this partition of the bus up to this position is shown. */
  reached(partition: number, position: number): Promise<void>;
  /** Null while nothing can have been lost; otherwise the position after which the log has to be shown again. */
  lostAfter(): Promise<number | null>;
  /** Says that what the Redis of `runId` may have lost has been shown again, and everything else up to `position`. */
  isWhole(runId: string, position: number): Promise<void>;
  /** The Redis that is running now. */
  runId(): Promise<string>;
};

const START = [PREAMBLE, `local key = root .. 'applied'`];

/** Of a generation that has been filled by one run of Redis, which it bears from the start. */
const BEGIN = script(...START, WRITES, `return redis.call('HSET', key, 'base', ARGV[3])`);

/** Where rows may be missing, nothing counts as shown until they have been shown again. */
const REACHED = script(
  ...START,
  `if redis.call('HGET', key, 'run') ~= ${THIS_RUN} then return 0 end
   local before = redis.call('HGET', key, ARGV[3])
   if not before or tonumber(before) < tonumber(ARGV[4]) then redis.call('HSET', key, ARGV[3], ARGV[4]) end
   return 1`,
);

const LOST_AFTER = script(
  ...START,
  `if redis.call('HGET', key, 'run') == ARGV[3] then return false end
   local base = tonumber(redis.call('HGET', key, 'base') or '0')
   local least = nil
   local applied = redis.call('HGETALL', key)
   for i = 1, #applied, 2 do
     if string.sub(applied[i], 1, 10) == 'partition:' then
       local reached = math.max(tonumber(applied[i + 1]), base)
       if not least or reached < least then least = reached end
     end
   end
   return tostring(least or base)`,
);

const IS_WHOLE = script(
  ...START,
  `local base = tonumber(redis.call('HGET', key, 'base') or '0')
   return redis.call('HSET', key, 'run', ARGV[3], 'base', math.max(base, tonumber(ARGV[4])))`,
);

export const redisWholeness = (keyspace: Keyspace): Wholeness => ({
  begin: async (position) => {
    await keyspace.run(BEGIN, [position]);
  },
  reached: async (partition, position) => {
    await keyspace.run(REACHED, [`partition:${partition}`, position]);
  },
  lostAfter: async () => {
    const answer = await keyspace.run(LOST_AFTER, [await keyspace.redis.runId()]);
    return answer === null ? null : Number(answer);
  },
  isWhole: async (runId, position) => {
    await keyspace.run(IS_WHOLE, [runId, position]);
  },
  runId: () => keyspace.redis.runId(),
});
