import type { Observations, Observed, ObservedMinute, ObservedSession } from '@signalbox/read-models';
import type { Redis } from './connection.ts';
import { script } from './script.ts';

/** How long what a process has noticed waits there, so that it goes out as one command. */
const FLUSH_MS = 1_000;
/** How many sessions go out in one command, and how many entries wait in Redis for all processes together. */
const FLUSHED_TOGETHER = 2_000;
const MAX_WAITING = 20_000;

type Entry = { readonly session: ObservedSession } | { readonly minute: ObservedMinute };

/** ARGV: the prefix, how many may wait, how many were dropped already, the entries. The oldest make room. */
const PUSH = script(`
local waiting, dropped = ARGV[1] .. 'waiting', tonumber(ARGV[3])
for i = 4, #ARGV do redis.call('RPUSH', waiting, ARGV[i]) end
local over = redis.call('LLEN', waiting) - tonumber(ARGV[2])
if over > 0 then
  redis.call('LTRIM', waiting, over, -1)
  dropped = dropped + over
end
if dropped > 0 then redis.call('INCRBY', ARGV[1] .. 'dropped', dropped) end
return 1`);

/** ARGV: the prefix, how many at most. */
const TAKE = script(`
local entries = redis.call('LPOP', ARGV[1] .. 'waiting', ARGV[2])
return { redis.call('GETDEL', ARGV[1] .. 'dropped') or '0', entries or {} }`);

/**
 * Observations of all processes together. Each gathers what it notices in `local` and sends it here about once a second
 * as one command, so that no request waits for it. What a process has not sent when it dies is lost, and what Redis
 * does not take is given up and counted; so is what a recorder has taken when it dies. Nothing rests on them.
 */
export const redisObservations = (options: {
  readonly redis: Redis;
  /** Gathers what this process notices. */
  readonly local: Observations & { readonly isEmpty: () => boolean };
  readonly now: () => number;
  /** Runs `work` once after `ms`; answers with how to call it off. */
  readonly after: (ms: number, work: () => void) => () => void;
  readonly maxWaiting?: number;
}): Observations & {
  /** Sends what has been gathered. Never rejects. */
  flush(): Promise<void>;
  /** Sends what has been gathered, and no more after it. */
  close(): Promise<void>;
} => {
  const { redis, local, now, after, maxWaiting = MAX_WAITING } = options;
  const prefix = `${redis.namespace}:observations:`;
  let callOff: (() => void) | null = null;
  let isClosed = false;
  let lost = 0;

  const flush = async (): Promise<void> => {
    const { sessions, minutes, dropped } = await local.take(FLUSHED_TOGETHER, now());
    const entries: readonly Entry[] = [
      ...sessions.map((session) => ({ session })),
      ...minutes.map((minute) => ({ minute })),
    ];
    const missing = dropped + lost;
    if (entries.length === 0 && missing === 0) return;
    lost = 0;
    try {
      await redis.run(PUSH, [prefix, maxWaiting, missing, ...entries.map((entry) => JSON.stringify(entry))]);
    } catch {
      lost = missing + sessions.length;
    }
  };

  const flushSoon = () => {
    if (callOff !== null || isClosed) return;
    callOff = after(FLUSH_MS, () => {
      void flush().then(() => {
        callOff = null;
        if (!local.isEmpty()) flushSoon();
      });
    });
  };

  return {
    note: (note) => {
      local.note(note);
      flushSoon();
    },
    take: async (limit) => {
      const [dropped, texts] = (await redis.run(TAKE, [prefix, limit])) as readonly [string, readonly string[]];
      const entries = texts.map((text) => JSON.parse(text) as Entry);
      return {
        sessions: entries.flatMap((entry) => ('session' in entry ? [entry.session] : [])),
        minutes: entries.flatMap((entry) => ('minute' in entry ? [entry.minute] : [])),
        dropped: Number(dropped),
      } satisfies Observed;
    },
    flush,
    close: async () => {
      isClosed = true;
      callOff?.();
      await flush();
    },
  };
};
