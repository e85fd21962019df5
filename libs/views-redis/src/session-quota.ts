import type { SessionQuota } from '@signalbox/commands';
import type { Progress } from '@signalbox/read-models';
import { type Keyspace, PREAMBLE } from './keyspace.ts';
import { script } from './script.ts';

/**
 * Places that are taken lie in two sorted sets by the end of their lease, one of the identity and one of all; they are
 * no part of a generation. What lives is counted in the view of the sessions in the same breath.
 */
const RESERVE = script(
  PREAMBLE,
  `local identity, now, count, untilTime, id = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]
  local maxPerIdentity, max = tonumber(ARGV[8]), tonumber(ARGV[9])
  local function taken(living, places)
    redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
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

/** How long places are held for a process that no longer says anything of them. */
const LEASE_MS = 60_000;
/** How long the views may take to show what was recorded; then its places are left to the end of their lease. */
const SHOWN_WITHIN_MS = 20_000;

/**
 * Bounds the sessions of all processes together: what the view shows to live, and what is in flight. A place is held
 * until its session can be seen, so that whoever asks meanwhile may count one twice and is refused a place too early,
 * but none is ever missed; unless the views are further behind than the lease is long.
 */
export const redisSessionQuota = (
  keyspace: Keyspace,
  options: { readonly progress: Progress; readonly maxPerIdentity: number; readonly max: number },
): SessionQuota => {
  const { redis } = keyspace;
  const { progress, maxPerIdentity, max } = options;
  let reservations = 0;

  /** Whatever goes wrong here, the lease ends. */
  const giveBack = (identity: string, places: readonly string[]) => {
    if (places.length === 0) return;
    redis.send('ZREM', `${redis.namespace}:quota:all`, ...places).catch(() => {});
    redis.send('ZREM', `${redis.namespace}:quota:of:${identity}`, ...places).catch(() => {});
  };

  return {
    reserve: async (identity, count, now) => {
      const id = `${redis.instance}:${reservations++}`;
      const lease = [now + LEASE_MS, id, maxPerIdentity, max, LEASE_MS];
      const answer = await keyspace.run(RESERVE, [identity, now, count, ...lease]);
      if (answer === 1) return { kind: 'too_many_for_identity', limit: maxPerIdentity };
      if (answer === 2) return { kind: 'too_many_in_all', limit: max };
      let held = Array.from({ length: count }, (_, i) => `${id}:${i}`);
      return {
        kind: 'reserved',
        release: (recorded) => {
          const places = held;
          held = [];
          giveBack(identity, places.slice(recorded.length));
          const hidden = places.slice(0, recorded.length);
          if (hidden.length === 0) return;
          progress.shows(recorded, now, SHOWN_WITHIN_MS).then(
            (isShown) => isShown && giveBack(identity, hidden),
            () => {},
          );
        },
      };
    },
  };
};
