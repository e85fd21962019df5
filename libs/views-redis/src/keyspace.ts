import type { Redis, Reply } from './connection.ts';
import type { Script } from './script.ts';
import { ViewsUnavailable } from './unavailable.ts';

/**
 * All read models of one read side live under a generation: `<namespace>:<generation>:<view>:…`. The key
 * `<namespace>:generation` names the one that is live; `<namespace>:rebuild` the one that is being filled, as long as
 * whoever fills it holds the lock; `<namespace>:sealed` is there while the live one takes no more writes because the
 * next one is about to take its place.
 *
 * Begins each script that touches a view. It defines `root`, before the names of views, and answers MOVED_ON when the
 * generation that the caller means is neither live nor rebuilt under a lock that still holds: so nothing is ever read
 * from or written to a generation that has been left, however late a process hears of it.
 */
export const PREAMBLE = `
local namespace, generation = ARGV[1], ARGV[2]
local root = namespace .. ':' .. generation .. ':'
local isRebuilt = redis.call('GET', namespace .. ':rebuild') == generation
if not isRebuilt and redis.call('GET', namespace .. ':generation') ~= generation then
  return redis.error_reply('MOVED_ON from generation ' .. generation)
end
`;

const UNLESS_SEALED = `
if not isRebuilt and redis.call('EXISTS', namespace .. ':sealed') == 1 then
  return redis.error_reply('SEALED is generation ' .. generation)
end
`;

/** The run of Redis that executes the script. */
export const THIS_RUN = `string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')`;

/**
 * Follows the preamble in scripts that write what a projection makes of events. A generation that another run of Redis
 * has written to may have lost something: what is new waits until that has been shown again. Otherwise it would come
 * before what was lost, and be taken for all there is. One that is being filled is given up instead.
 */
export const WRITES = `${UNLESS_SEALED}
if redis.call('HGET', root .. 'applied', 'run') ~= ${THIS_RUN} then
  return redis.error_reply((isRebuilt and 'MOVED_ON from' or 'TORN is') .. ' generation ' .. generation)
end
`;

/** The same for whoever shows again what may have been lost. */
export const REPAIRS = UNLESS_SEALED;

/** Which generation is meant. */
export type Target = {
  /** Throws `ViewsUnavailable` where there is none. */
  current(): Promise<string>;
  /** Told that Redis no longer takes `generation` for the one. Throws where there will be no other. */
  movedOn(generation: string): void;
};

/** Where views have their keys. */
export type Keyspace = {
  readonly redis: Redis;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Lua that follows the preamble in scripts that write what a projection makes of events: whether they may. */
  readonly writes: string;
  /** Runs a script that begins with the preamble in the generation that is live by then. */
  run(script: Script, args: readonly (string | number)[]): Promise<Reply>;
  /** The same once: undefined when the generation had been left, so that what was read before counts no more. */
  runOnce(script: Script, args: readonly (string | number)[]): Promise<{ readonly reply: Reply } | undefined>;
};

/** How often a read follows the live generation before it gives up; generations change every few hours at most. */
const MAX_MOVES = 4;

const says = (error: unknown, code: string): boolean => error instanceof Error && error.message.startsWith(`${code} `);

export const keyspace = (options: {
  readonly redis: Redis;
  readonly target: Target;
  readonly now: () => number;
}): Keyspace => {
  const { redis, target, now } = options;

  const runOnce: Keyspace['runOnce'] = async (script, args) => {
    const generation = await target.current();
    try {
      return { reply: await redis.run(script, [redis.namespace, generation, ...args]) };
    } catch (error) {
      if (says(error, 'SEALED')) throw new ViewsUnavailable('The read models are being switched', { cause: error });
      if (says(error, 'TORN')) throw new ViewsUnavailable('The read models may have lost something', { cause: error });
      if (!says(error, 'MOVED_ON')) throw error;
      target.movedOn(generation);
      return undefined;
    }
  };

  return {
    redis,
    now,
    writes: WRITES,
    runOnce,
    run: async (script, args) => {
      for (let move = 0; move < MAX_MOVES; move++) {
        const ran = await runOnce(script, args);
        if (ran) return ran.reply;
      }
      throw new ViewsUnavailable('The read models keep being switched');
    },
  };
};
