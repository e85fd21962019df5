import type { Dropped, Observations, Observed, ObservedMinute, ObservedSession } from '@signalbox/read-models';
import type { Redis } from './connection.ts';
import { script } from './script.ts';

/** How long what a process has noticed waits there, so that it goes out as one command. */
const FLUSH_MS = 1_000;
/** How many sessions go out in one command, and how many entries wait in Redis for all processes together. */
const FLUSHED_TOGETHER = 2_000;
const MAX_WAITING = 20_000;

type Taken = readonly [dropped: string, since: string, texts: readonly string[]];

type Entry = { readonly session: ObservedSession } | { readonly minute: ObservedMinute };

/** An entry begins with when the first of it was noticed: thirteen digits, which a script reads without the rest. */
const TIME_DIGITS = 13;
const entryText = (since: number, entry: Entry): string =>
  String(since).padStart(TIME_DIGITS, '0') + JSON.stringify(entry);
const entryIn = (text: string): Entry => JSON.parse(text.slice(TIME_DIGITS)) as Entry;

/**
 * ARGV: the prefix, how many may wait, of how many something was dropped already and since when, the entries. The oldest
 * make room.
 */
const PUSH = script(`
local waiting, lost = ARGV[1] .. 'entries', ARGV[1] .. 'lost'
local dropped, since = tonumber(ARGV[3]), tonumber(ARGV[4])
for i = 5, #ARGV do redis.call('RPUSH', waiting, ARGV[i]) end
local over = redis.call('LLEN', waiting) - tonumber(ARGV[2])
if over > 0 then
  for _, entry in ipairs(redis.call('LRANGE', waiting, 0, over - 1)) do
    local noticed = tonumber(string.sub(entry, 1, ${TIME_DIGITS}))
    if dropped == 0 or noticed < since then since = noticed end
    dropped = dropped + 1
  end
  redis.call('LTRIM', waiting, over, -1)
end
if dropped > 0 then
  redis.call('HINCRBY', lost, 'sessions', dropped)
  local before = redis.call('HGET', lost, 'since')
  if not before or since < tonumber(before) then redis.call('HSET', lost, 'since', string.format('%.0f', since)) end
end
return 1`);

/**
 * ARGV: the prefix, how many at most. `waiting` and `dropped` are what processes of an older version leave there: nobody
 * else takes it, and it would stay. What is lost with it, the starts of their successors tell.
 */
const TAKE = script(`
local entries = redis.call('LPOP', ARGV[1] .. 'entries', ARGV[2])
local lost = redis.call('HMGET', ARGV[1] .. 'lost', 'sessions', 'since')
redis.call('UNLINK', ARGV[1] .. 'lost', ARGV[1] .. 'waiting', ARGV[1] .. 'dropped')
return { lost[1] or '', lost[2] or '', entries or {} }`);

/**
 * Observations of all processes together. Each gathers what it notices in `local` and sends it here about once a second
 * as one command, so that no request waits for it. What a process has not sent when it dies is lost, and what Redis
 * does not take is given up and counted.
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
  let lost: readonly Dropped[] = [];

  const flush = async (): Promise<void> => {
    const { sessions, minutes, dropped } = await local.take(FLUSHED_TOGETHER, now());
    const entries = [
      ...sessions.map((session) => entryText(session.since, { session })),
      ...minutes.map((minute) => entryText(minute.minute, { minute })),
    ];
    const missing = dropped ? [...lost, dropped] : lost;
    if (entries.length === 0 && missing.length === 0) return;
    lost = [];
    const count = missing.reduce((sum, one) => sum + one.sessions, 0);
    const since = missing.length > 0 ? Math.min(...missing.map((one) => one.since)) : 0;
    try {
      await redis.run(PUSH, [prefix, maxWaiting, count, since, ...entries]);
    } catch {
      const times = [...(count > 0 ? [since] : []), ...sessions.map((one) => one.since)];
      lost = times.length > 0 ? [{ sessions: count + sessions.length, since: Math.min(...times) }] : [];
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
      const [dropped, since, texts] = (await redis.run(TAKE, [prefix, limit])) as Taken;
      const entries = texts.map(entryIn);
      return {
        sessions: entries.flatMap((entry) => ('session' in entry ? [entry.session] : [])),
        minutes: entries.flatMap((entry) => ('minute' in entry ? [entry.minute] : [])),
        dropped: dropped === '' ? null : { sessions: Number(dropped), since: Number(since) },
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
