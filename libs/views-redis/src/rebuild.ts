import type { Redis } from './connection.ts';
import { type Keyspace, keyspace } from './keyspace.ts';
import { script } from './script.ts';

/** A new generation that is being filled. The lock on it is held until it is live, given up, or no longer renewed. */
export type Rebuild = {
  readonly generation: string;
  /** The views that are made with it are those of the new generation, before and after it has become the live one. */
  readonly keyspace: Keyspace;
  /** Aborted once the lock is lost: somebody else may be rebuilding by now, and nothing more can be written. */
  readonly signal: AbortSignal;
  /**
   * From now on the live generation takes no writes: they fail with `ViewsUnavailable`, and are tried again. Whatever
   * it shows is in the log already, so a rebuild that then reads to the end of the log misses nothing of it. It lasts
   * as long as the lock.
   */
  seal(): Promise<void>;
  /** Makes this the live generation. The one before must be sealed. Throws `RebuildLost` without the lock. */
  switchTo(): Promise<void>;
  /** Lets go of the lock. Has no effect once the generation is live. What was filled is dropped by `dropOthers`. */
  giveUp(): Promise<void>;
};

/** Another has taken the lock, or Redis was restarted or emptied. What was filled is of no use any more. */
export class RebuildLost extends Error {
  readonly code = 'REBUILD_LOST';
  constructor(generation: string) {
    super(`The lock on the rebuild of generation ${generation} was lost`);
    this.name = 'RebuildLost';
  }
}

/** How long a rebuild may be silent before another may take its place. */
export const LOCK_MS = 15_000;

const HOLDS_LOCK = `
local namespace, generation = ARGV[1], ARGV[2]
local lock, sealed = namespace .. ':rebuild', namespace .. ':sealed'
if redis.call('GET', lock) ~= generation then return 0 end
`;

const RENEW = script(
  HOLDS_LOCK,
  `redis.call('PEXPIRE', lock, ARGV[3])
   if redis.call('GET', sealed) == generation then redis.call('PEXPIRE', sealed, ARGV[3]) end
   return 1`,
);

const SEAL = script(HOLDS_LOCK, `redis.call('SET', sealed, generation, 'PX', redis.call('PTTL', lock)) return 1`);

const SWITCH = script(
  HOLDS_LOCK,
  `local pointer = namespace .. ':generation'
   if redis.call('EXISTS', pointer) == 1 and redis.call('GET', sealed) ~= generation then
     return redis.error_reply('UNSEALED the live generation must be sealed before another takes its place')
   end
   redis.call('SET', pointer, generation)
   redis.call('DEL', lock, sealed)
   redis.call('PUBLISH', pointer, generation)
   return 1`,
);

const LET_GO = script(
  HOLDS_LOCK,
  `redis.call('DEL', lock)
   if redis.call('GET', sealed) == generation then redis.call('DEL', sealed) end
   return 1`,
);

/**
 * Holds the lock that `generation` has just been given. `runId` is the Redis that it is filled in: one that was restarted
 * meanwhile may have lost some of it.
 */
export const holdRebuild = (options: {
  readonly redis: Redis;
  readonly generation: string;
  readonly runId: string;
  readonly now: () => number;
  readonly after: (ms: number, work: () => void) => () => void;
}): Rebuild => {
  const { redis, generation, runId, now, after } = options;
  const lost = new AbortController();
  let isHeld = true;
  let stopRenewing = () => {};

  const end = () => {
    isHeld = false;
    stopRenewing();
  };
  const lose = () => {
    end();
    if (!lost.signal.aborted) lost.abort(new RebuildLost(generation));
  };

  const renewLater = () => {
    stopRenewing = after(LOCK_MS / 5, () => void renew());
  };
  const renew = async () => {
    const answer = await redis.run(RENEW, [redis.namespace, generation, LOCK_MS]).catch(() => 'away' as const);
    if (!isHeld) return;
    if (answer === 0) lose();
    else renewLater();
  };

  const holding = async (step: typeof SEAL): Promise<void> => {
    if ((await redis.run(step, [redis.namespace, generation])) === 1) return;
    lose();
    throw new RebuildLost(generation);
  };

  const giveUp = async () => {
    if (!isHeld) return;
    end();
    await redis.run(LET_GO, [redis.namespace, generation]);
  };

  renewLater();
  return {
    generation,
    keyspace: keyspace({
      redis,
      now,
      target: {
        current: async () => generation,
        movedOn: () => {
          lose();
          throw new RebuildLost(generation);
        },
      },
    }),
    signal: lost.signal,
    seal: () => holding(SEAL),
    switchTo: async () => {
      if ((await redis.runId()) !== runId) {
        await giveUp();
        lose();
        throw new RebuildLost(generation);
      }
      await holding(SWITCH);
      end();
    },
    giveUp,
  };
};
