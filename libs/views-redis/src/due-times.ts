import type { View } from '@signalbox/event-sourcing';
import type { DueRow, DueTimes, Forgets } from '@signalbox/read-models';
import { type Keyspace, PREAMBLE } from './keyspace.ts';
import { script } from './script.ts';
import { redisRows, rowIn } from './views.ts';

/**
 * The schedule orders streams by when they are to be looked at: at the due time, or at the end of the lease. An event
 * that leaves the due time as it was leaves the lease as it is.
 */
const SCHEDULE = `
local schedule = root .. 'due-times:schedule'
local function earliest() return tonumber(redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')[2] or 'inf') end
`;

/** A write answers whether what is earliest has got earlier. */
const INDEX = `
${SCHEDULE}
local before = earliest()
local function index(stream, given) redis.call('ZADD', schedule, given[1], stream) end
local function unindex(stream, given) redis.call('ZREM', schedule, stream) end
local function emit(stream, position, outs) end
local function finish() return earliest() < before end
`;

const CLAIM = script(
  PREAMBLE,
  SCHEDULE,
  `local claimed = {}
  for i, stream in ipairs(redis.call('ZRANGEBYSCORE', schedule, '-inf', ARGV[3], 'LIMIT', 0, ARGV[4])) do
    redis.call('ZADD', schedule, ARGV[5], stream)
    local category = string.match(stream, '^[^-]*')
    claimed[i] = redis.call('HGET', root .. category .. '-due-times:rows', stream)
  end
  return claimed`,
);

const NEXT = script(PREAMBLE, SCHEDULE, `return redis.call('ZRANGE', schedule, 0, 0, 'WITHSCORES')[2]`);

const SIZE = script(PREAMBLE, SCHEDULE, `return redis.call('ZCARD', schedule)`);

/**
 * One schedule, fed by a view for each category. Listeners hear of what this process writes as soon as it is written,
 * and of what others write, or of another live generation, by messages, which Redis may lose: whoever listens looks
 * again by itself after a while. So it is made once for each connection.
 */
export const redisDueTimes = (
  keyspace: Keyspace,
): {
  readonly sessions: View<DueRow> & Forgets;
  readonly credentials: View<DueRow> & Forgets;
  readonly dueTimes: DueTimes;
} => {
  const { redis } = keyspace;
  const channel = `${redis.namespace}:due-times`;
  const listeners = new Set<() => void>();

  const view = (category: DueRow['kind']): View<DueRow> & Forgets => {
    const { read, write, checkpoint, forget } = redisRows<DueRow>(keyspace, {
      name: `${category}-due-times`,
      facts: (row) => [row.dueAt],
      lua: [INDEX],
      onWritten: (isEarlier) => {
        if (isEarlier === null) return;
        for (const listener of [...listeners]) listener();
        redis.send('PUBLISH', channel, redis.instance).catch(() => {}); // whoever misses it looks by itself
      },
    });
    return { read, write, checkpoint, forget };
  };

  return {
    sessions: view('session'),
    credentials: view('credential'),
    dueTimes: {
      claim: async (now, limit, leaseMs) => {
        const claimed = (await keyspace.run(CLAIM, [now, limit, now + leaseMs])) as readonly (string | null)[];
        return claimed.flatMap((kept) => (kept === null ? [] : (rowIn<DueRow>(kept) ?? [])));
      },
      next: async () => {
        const lookAt = await keyspace.run(NEXT, []);
        return lookAt === null ? null : Number(lookAt);
      },
      onEarlier: (listener) => {
        const { stop } = redis.subscribe(channel, {
          onMessage: (writer) => {
            if (writer !== redis.instance) listener();
          },
          onResumed: listener,
        });
        const switched = redis.subscribe(`${redis.namespace}:generation`, { onMessage: listener, onResumed: listener });
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
          stop();
          switched.stop();
        };
      },
      size: async () => Number(await keyspace.run(SIZE, [])),
    },
  };
};
