import type { RateAnswer, RateLimiter, RatePolicy } from '@signalbox/http';
import type { Redis } from './connection.ts';
import { pairName } from './pair-name.ts';
import { script } from './script.ts';

/** Sums of fractions are not exact: this part of a request is forgiven. */
const TOLERANCE = 1e-6;

/** How many buckets one call removes. */
const SWEPT_TOGETHER = 500;

/**
 * A bucket is how many requests of its policy are in use, and when that was so; it drains evenly. ARGV: the prefix, the
 * bucket, limit, window in milliseconds, cost, and the caller's time (empty: the server's). By the server's time a
 * bucket is gone once it has drained; by the caller's, Redis cannot know when that is, and they are listed. Answers
 * with whether it was allowed, what is in use now, and by how much the limit would have been passed.
 */
const TAKE = script(`
local bucket = ARGV[1] .. ARGV[2]
local limit, window, cost, now = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local byServer = now == nil
if byServer then
  local time = redis.call('TIME')
  now = time[1] * 1000 + time[2] / 1000
end

local used, at = 0, now
local known = redis.call('GET', bucket)
if known then
  local usedBefore, before = string.match(known, '^(%S+) (%S+)$')
  at = tonumber(before)
  -- Never more than the limit, and nothing drains while a clock that was set back catches up.
  used = math.min(math.max(usedBefore - math.max(now - at, 0) * limit / window, 0), limit)
end

local missing = used + cost - limit
local allowed = missing <= ${TOLERANCE}
if allowed then used = used + cost end
if used > 0 and (allowed or now < at) then
  local drains = math.ceil(used * window / limit)
  redis.call('SET', bucket, string.format('%.17g %.17g', used, now))
  if byServer then redis.call('PEXPIRE', bucket, drains) else redis.call('ZADD', ARGV[1] .. 'drained', now + drains, bucket) end
end
return { allowed and 1 or 0, string.format('%.17g', used), string.format('%.17g', missing) }`);

/** ARGV: the prefix, the caller's time, how many at most. */
const SWEEP = script(`
local listed = ARGV[1] .. 'drained'
local drained = redis.call('ZRANGEBYSCORE', listed, '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
if #drained > 0 then
  redis.call('DEL', unpack(drained))
  redis.call('ZREM', listed, unpack(drained))
end
return #drained`);

/**
 * The generic cell rate algorithm in one call of Redis, so that all instances together allow no more than the limit. A
 * cost beyond the limit can never be allowed; its `retryAfterMs` is the window, for want of a true answer.
 *
 * `timeOf`: whose clock counts. The server's is one for all instances, and its buckets go away by themselves, so there
 * is nothing to sweep. The caller's is for clocks that tests control.
 */
export const redisRateLimiter = (options: {
  readonly redis: Redis;
  readonly timeOf: 'server' | 'caller';
}): RateLimiter => {
  const { redis, timeOf } = options;
  const prefix = `${redis.namespace}:limits:`;
  return {
    take: async (policy, key, cost, now) => {
      const time = timeOf === 'server' ? '' : now;
      const bucket = pairName(policy.name, key);
      const answer = await redis.run(TAKE, [prefix, bucket, policy.limit, policy.windowMs, cost, time]);
      const [allowed, used, missing] = answer as readonly [number, string, string];
      return answerOf(policy, { allowed: allowed === 1, cost, used: Number(used), missing: Number(missing) });
    },
    sweep: async (now) => {
      let count = 0;
      while (timeOf === 'caller') {
        const swept = Number(await redis.run(SWEEP, [prefix, now, SWEPT_TOGETHER]));
        count += swept;
        if (swept < SWEPT_TOGETHER) break;
      }
      return count;
    },
  };
};

const answerOf = (
  { limit, windowMs }: RatePolicy,
  taken: { readonly allowed: boolean; readonly cost: number; readonly used: number; readonly missing: number },
): RateAnswer => {
  const { allowed, cost, used, missing } = taken;
  const msOf = (requests: number) => Math.max(Math.ceil((requests * windowMs) / limit - TOLERANCE), 0);
  return {
    allowed,
    remaining: Math.max(Math.floor(limit - used + TOLERANCE), 0),
    resetMs: msOf(used),
    retryAfterMs: allowed ? 0 : cost > limit ? windowMs : Math.max(msOf(missing), 1),
  };
};
