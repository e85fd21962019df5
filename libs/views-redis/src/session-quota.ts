import type { SessionQuota } from '@signalbox/commands';
import { type Keyspace, PREAMBLE } from './keyspace.ts';
import { script } from './script.ts';

/**
 * Places that are taken lie in two sorted sets by the end of their lease, one of the identity and one of all; they are
 * no part of a generation. A place whose session is recorded bears the name of its stream, and is given back as soon as
 * the view of the sessions has it: what lives is counted there, in the same breath.
 */
const RESERVE = script(
  PREAMBLE,
  `local identity, now, count, untilTime, id = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]
  local maxPerIdentity, max = tonumber(ARGV[8]), tonumber(ARGV[9])
  local function taken(living, places)
    redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
    for _, place in ipairs(redis.call('ZRANGE', places, 0, 199)) do
      if redis.call('HEXISTS', root .. 'sessions:rows', place) == 1 then redis.call('ZREM', places, place) end
    end
    return redis.call('ZCOUNT', root .. 'sessions:' .. living, '(' .. now, '+inf') + redis.call('ZCARD', places)
  end
  local ofAll, own = namespace .. ':quota:all', namespace .. ':quota:of:' .. identity
  if taken('of:' .. identity, own) + count > maxPerIdentity then return 1 end
  if taken('due', ofAll) + count > max then return 2 end
  for i = 0, count - 1 do
    redis.call('ZADD', ofAll, untilTime, id .. ':' .. i)
    redis.call('ZADD', own, untilTime, id .. ':' .. i)
  end
  redis.call('PEXPIRE', ofAll, ARGV[10])
  redis.call('PEXPIRE', own, ARGV[10])
  return 0`,
);

/** ARGV: the namespace, the identity, the end of the lease, how many streams; those, then the places that they had. */
const RELEASE = script(
  `local namespace, identity, untilTime, recorded = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
  for _, places in ipairs({ namespace .. ':quota:all', namespace .. ':quota:of:' .. identity }) do
    for i = 5, 4 + recorded do redis.call('ZADD', places, untilTime, ARGV[i]) end
    for i = 5 + recorded, #ARGV do redis.call('ZREM', places, ARGV[i]) end
  end
  return 1`,
);

/** How long places are held for a process that no longer says anything of them, and for a session that is not shown. */
const LEASE_MS = 60_000;

const LOOKS = 4;
const LOOK_AGAIN_MS = 50;

/**
 * Bounds the sessions of all processes together: what the view shows to live, and what is in flight. A place is held
 * until its session can be seen, so none is ever missed; unless the views are further behind than the lease is long.
 */
export const redisSessionQuota = (
  keyspace: Keyspace,
  options: {
    readonly maxPerIdentity: number;
    readonly max: number;
    /** Runs `work` once after `ms`; answers with how to call it off. */
    readonly after: (ms: number, work: () => void) => () => void;
  },
): SessionQuota => {
  const { redis } = keyspace;
  const { maxPerIdentity, max, after } = options;
  let reservations = 0;

  /** What has just ended makes room as soon as the view shows it: a refusal is given only after another few looks. */
  const ask = async (args: readonly (string | number)[], looks: number): Promise<unknown> => {
    const answer = await keyspace.run(RESERVE, args);
    if (answer === 0 || looks === 1) return answer;
    await new Promise<void>((resolve) => after(LOOK_AGAIN_MS, resolve));
    return ask(args, looks - 1);
  };

  return {
    reserve: async (identity, count, now) => {
      const id = `${redis.instance}:${reservations++}`;
      const lease = [now + LEASE_MS, id, maxPerIdentity, max, LEASE_MS];
      const answer = await ask([identity, now, count, ...lease], LOOKS);
      if (answer === 1) return { kind: 'too_many_for_identity', limit: maxPerIdentity };
      if (answer === 2) return { kind: 'too_many_in_all', limit: max };
      let places = Array.from({ length: count }, (_, i) => `${id}:${i}`);
      return {
        kind: 'reserved',
        release: (recorded) => {
          if (places.length === 0) return;
          const streams = recorded.map(({ stream }) => stream);
          const args = [redis.namespace, identity, now + LEASE_MS, streams.length, ...streams, ...places];
          places = [];
          // Where this does not come through, the lease ends.
          redis.run(RELEASE, args).catch(() => undefined);
        },
      };
    },
  };
};
