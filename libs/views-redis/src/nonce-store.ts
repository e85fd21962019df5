import type { NonceStore } from '@signalbox/identity';
import type { Redis } from './connection.ts';
import { recentNonces } from './nonce-recent.ts';
import { pairName } from './pair-name.ts';
import { script } from './script.ts';

/** How many nonces one call writes or removes. */
const TOGETHER = 500;

/**
 * `known` says of which run of the server the nonces are, and since when it knows them all. Another run may have lost
 * some, and an empty server has: from then on it knows all again. ARGV: the prefix, the run, the caller's time.
 */
const SINCE = `
local prefix, run, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local known = redis.call('HMGET', prefix .. 'known', 'run', 'since')
local since = tonumber(known[2] or '0')
if known[1] ~= run then
  since = math.max(since, now)
  redis.call('HSET', prefix .. 'known', 'run', run, 'since', string.format('%.0f', since))
end`;

/** ARGV after those: when it was signed, when it expires, the nonce. Answers with 1 when granted, and with `since`. */
const CLAIM = script(
  SINCE,
  `
local granted = 0
if tonumber(ARGV[4]) >= since then granted = redis.call('ZADD', prefix .. 'used', 'NX', ARGV[5], ARGV[6]) end
return { granted, string.format('%.0f', since) }`,
);

/** ARGV after those: expiry and nonce, again and again. Answers with `since`. */
const REMEMBER = script(
  SINCE,
  `
for i = 4, #ARGV, 2 do redis.call('ZADD', prefix .. 'used', 'NX', ARGV[i], ARGV[i + 1]) end
return string.format('%.0f', since)`,
);

/** ARGV: the prefix, the caller's time, how many at most. Kept for a minute longer by the server's own clock. */
const SWEEP = script(`
local used = ARGV[1] .. 'used'
local before = math.min(tonumber(ARGV[2]), redis.call('TIME')[1] * 1000 - 60000)
local expired = redis.call('ZRANGEBYSCORE', used, '-inf', '(' .. string.format('%.17g', before), 'LIMIT', 0, ARGV[3])
if #expired > 0 then redis.call('ZREM', used, unpack(expired)) end
return #expired`);

/**
 * Nonces that every instance sees. Redis may lose what it was told last: when it was restarted, failed over or
 * emptied, whatever was signed before that was noticed is refused. A request that was signed ahead of the clocks could
 * be fresh even then, so each instance remembers those that it has granted itself, and tells them again to a Redis
 * that may have lost them. What remains is the moment until it has, and instances that went down together with Redis.
 *
 * `durable` makes no difference: every instance sees a nonce once it is claimed, and only Redis's own settings decide
 * what of it survives. Redis must not evict keys (`maxmemory-policy noeviction`).
 */
export const redisNonceStore = (options: {
  readonly redis: Redis;
  /** The clock that timestamps are checked by, in epoch milliseconds. */
  readonly now: () => number;
  /** The window of the nonce guard: a request expires this much after it was signed. */
  readonly windowMs: number;
}): NonceStore => {
  const { redis, now, windowMs } = options;
  const prefix = `${redis.namespace}:nonces:`;
  const recent = recentNonces({ windowMs });
  let knownSince: string | undefined;

  /** Tells Redis what this instance knows; without that, only since when Redis knows everything. */
  const remember = async () => {
    const nonces = recent.all(now());
    do {
      const some = nonces.splice(0, TOGETHER).flatMap(([used, expiresAt]) => [expiresAt, used]);
      knownSince = String(await redis.run(REMEMBER, [prefix, await redis.runId(), now(), ...some]));
    } while (nonces.length > 0);
  };
  const rememberSoon = () => {
    remember().catch(() => {}); // Redis is away again: the next connection does it again
  };

  redis.onConnected(rememberSoon);
  rememberSoon();

  return {
    claim: async (key, nonce, { expiresAt }) => {
      const used = pairName(key, nonce);
      if (recent.has(used)) return false;
      const signedAt = expiresAt - windowMs - 1;
      const answer = await redis.run(CLAIM, [prefix, await redis.runId(), now(), signedAt, expiresAt, used]);
      const [granted, since] = answer as readonly [number, string];
      if (granted === 1) recent.add(used, expiresAt, now());
      const hasLost = knownSince !== undefined && since !== knownSince;
      knownSince = since;
      if (hasLost) rememberSoon();
      return granted === 1;
    },
    sweep: async (before) => {
      recent.forget(before);
      let count = 0;
      for (;;) {
        const swept = Number(await redis.run(SWEEP, [prefix, before, TOGETHER]));
        count += swept;
        if (swept < TOGETHER) return count;
      }
    },
  };
};
