import type { IdempotencyClaim, IdempotencyStore, StoredAnswer } from '@signalbox/http';
import type { Redis } from './connection.ts';
import { pairName } from './pair-name.ts';
import { script } from './script.ts';

/** How many records one call of a sweep removes. */
const SWEPT_TOGETHER = 500;

/**
 * A record is a hash, listed by when it expires. Apart from it, a key under way bears the fingerprint and the instance
 * that works on it, for as long as the lease lasts. ARGV: the prefix, the name, the instance, the fingerprint.
 */
const NAMES = `
local prefix, name, instance, fingerprint = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local record, running, listed = prefix .. 'record:' .. name, prefix .. 'running:' .. name, prefix .. 'expiries'
local function keep(expiresAt, ...)
  redis.call('DEL', record)
  redis.call('HSET', record, 'fingerprint', fingerprint, 'expiresAt', expiresAt, ...)
  redis.call('ZADD', listed, expiresAt, name)
end
local function stopRunning()
  if redis.call('HGET', running, 'instance') == instance then redis.call('DEL', running) end
end`;

/** ARGV after those: the caller's time, the expiry of a new record, its command id, the lease in milliseconds. */
const CLAIM = script(
  NAMES,
  `
local now, expiresAt, commandId, leaseMs = tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8]
local other = redis.call('HGET', running, 'fingerprint')
if other then return { other == fingerprint and 'in_flight' or 'different' } end

local known = redis.call('HMGET', record, 'fingerprint', 'expiresAt', 'commandId', 'status', 'headers', 'body')
if known[1] and tonumber(known[2]) > now then
  if known[1] ~= fingerprint then return { 'different' } end
  if known[4] then return { 'answered', known[4], known[5], known[6] } end
  commandId = known[3]
else
  keep(expiresAt, 'commandId', commandId)
end
redis.call('HSET', running, 'fingerprint', fingerprint, 'instance', instance)
redis.call('PEXPIRE', running, leaseMs)
return { 'new', commandId }`,
);

/** ARGV after those: the expiry, then status, headers and body. */
const COMPLETE = script(NAMES, `keep(ARGV[5], 'status', ARGV[6], 'headers', ARGV[7], 'body', ARGV[8])\nstopRunning()`);

const ABANDON = script(NAMES, 'stopRunning()');

/** ARGV: the prefix, the instance, the lease in milliseconds, then the names of what it works on. */
const RENEW = script(`
for i = 4, #ARGV do
  local running = ARGV[1] .. 'running:' .. ARGV[i]
  if redis.call('HGET', running, 'instance') == ARGV[2] then redis.call('PEXPIRE', running, ARGV[3]) end
end`);

/** ARGV: the prefix, the caller's time, how many at most. */
const SWEEP = script(`
local listed = ARGV[1] .. 'expiries'
local expired = redis.call('ZRANGEBYSCORE', listed, '-inf', '(' .. ARGV[2], 'LIMIT', 0, ARGV[3])
for _, name in ipairs(expired) do redis.call('DEL', ARGV[1] .. 'record:' .. name) end
if #expired > 0 then redis.call('ZREM', listed, unpack(expired)) end
return #expired`);

/**
 * Idempotency records that every instance sees. Redis may lose what it was told last, so the command id of a key is
 * not drawn but derived from what was asked: whoever comes again after a loss runs the same command, and the log finds
 * what it has recorded. It is derived from the time too, in steps as long as a record is kept: a key that is used again
 * when its record has expired is another command, and finds nothing of whoever used it before.
 *
 * A request under way holds its key for a short lease, which its instance renews: one that died does not hold it for
 * long. Should one outlast its lease, a second may start beside it: as the same command.
 */
export const redisIdempotencyStore = (options: {
  readonly redis: Redis;
  /** The same UUID for the same text, anywhere and at any time. */
  readonly deriveId: (text: string) => string;
  /** How long a key is held for an instance that gives no sign of life. */
  readonly leaseMs: number;
  /** Runs `work` once after `ms`; answers with how to call it off. */
  readonly after: (ms: number, work: () => void) => () => void;
}): IdempotencyStore => {
  const { redis, deriveId, leaseMs, after } = options;
  const prefix = `${redis.namespace}:idempotency:`;
  const underWay = new Set<string>();
  let isRenewing = false;

  const renewWhileUnderWay = () => {
    if (isRenewing || underWay.size === 0) return;
    isRenewing = true;
    after(leaseMs / 4, () => {
      isRenewing = false;
      if (underWay.size === 0) return;
      // A lease that could not be renewed ends, and the next one renews what is still there.
      redis.run(RENEW, [prefix, redis.instance, leaseMs, ...underWay]).catch(() => undefined);
      renewWhileUnderWay();
    });
  };

  const namesOf = (scope: string, key: string, fingerprint: string) =>
    [prefix, pairName(scope, key), redis.instance, fingerprint] as const;

  return {
    claim: async (scope, key, fingerprint, { now, expiresAt }) => {
      const period = Math.floor(now / Math.max(expiresAt - now, 1));
      const commandId = deriveId([pairName(scope, key), fingerprint, period].join('/'));
      const names = namesOf(scope, key, fingerprint);
      const claim = claimOf(await redis.run(CLAIM, [...names, now, expiresAt, commandId, leaseMs]));
      if (claim.kind === 'new') {
        underWay.add(pairName(scope, key));
        renewWhileUnderWay();
      }
      return claim;
    },
    complete: async (scope, key, fingerprint, { status, headers, body }, expiresAt) => {
      underWay.delete(pairName(scope, key));
      const names = namesOf(scope, key, fingerprint);
      await redis.run(COMPLETE, [...names, expiresAt, status, JSON.stringify(headers), textOf(body)]);
    },
    abandon: async (scope, key) => {
      underWay.delete(pairName(scope, key));
      await redis.run(ABANDON, namesOf(scope, key, ''));
    },
    sweep: async (now) => {
      let count = 0;
      for (;;) {
        const swept = Number(await redis.run(SWEEP, [prefix, now, SWEPT_TOGETHER]));
        count += swept;
        if (swept < SWEPT_TOGETHER) return count;
      }
    },
  };
};

const claimOf = (reply: unknown): IdempotencyClaim => {
  const [kind, ...rest] = reply as readonly [IdempotencyClaim['kind'], ...string[]];
  const [first = '', headers = '{}', body = ''] = rest;
  switch (kind) {
    case 'new':
      return { kind, commandId: first };
    case 'answered':
      return { kind, answer: { status: Number(first), headers: JSON.parse(headers), body: bytesOf(body) } };
    case 'different':
    case 'in_flight':
      return { kind };
  }
};

/** A character for each byte: Redis is spoken to in text here, and sealed bodies are plain ASCII anyway. */
const textOf = (body: StoredAnswer['body']): string => Buffer.from(body).toString('latin1');

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
