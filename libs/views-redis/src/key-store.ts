import { KeysUnavailable } from '@signalbox/event-sourcing';
import type { EpochSummary, FoundKey, KeyStore, WrappedDataKey, WrappedEpoch } from '@signalbox/vault';
import type { Redis, Reply } from './connection.ts';
import { type Script, script } from './script.ts';

/** How often it is asked whether the file has been rewritten. */
const LOOK_EVERY_MS = 20;

/** Keys on a page of an export, roughly. */
const PAGE_KEYS = 1_000;

/**
 * `epochs` has the wrapped key of each epoch, `times` when it begins and ends, `data:<epoch>` its data keys. `destroyed`
 * counts what has made bytes useless that the append-only file still holds; `rewritten` is the count up to which it has
 * been rewritten since. `settled` is a position of the log. ARGV: the prefix, then what each script says.
 */
const NAMES = `
local prefix = ARGV[1]
local epochs, times = prefix .. 'epochs', prefix .. 'times'
local function data(epoch) return prefix .. 'data:' .. epoch end
local function epochOf(id) return string.match(id, '^(.-)%.') or '' end
local function changed(count)
  if count > 0 then return { count, redis.call('INCR', prefix .. 'destroyed') } end
  return { count, tonumber(redis.call('GET', prefix .. 'destroyed') or 0) }
end`;

/**
 * Begins what is also done where Redis is full: it takes hardly any memory, and without it no process could start there,
 * and nothing be destroyed to make room.
 */
const ALSO_WHEN_FULL = '#!lua flags=allow-oom';

/** Id, wrapping, times. */
const ADD_EPOCH = script(
  ALSO_WHEN_FULL,
  NAMES,
  `
if redis.call('HSETNX', epochs, ARGV[2], ARGV[3]) == 1 then redis.call('HSET', times, ARGV[2], ARGV[4]) end
return { redis.call('HGET', epochs, ARGV[2]), redis.call('HGET', times, ARGV[2]) }`,
);

const EPOCHS = script(
  NAMES,
  `
local all, found = redis.call('HGETALL', epochs), {}
for i = 1, #all, 2 do
  local id = all[i]
  table.insert(found, { id, all[i + 1], redis.call('HGET', times, id), redis.call('HLEN', data(id)) })
end
return found`,
);

/** The epoch, then ids and wrappings. */
const ADD_KEYS = script(
  NAMES,
  `
if redis.call('HEXISTS', epochs, ARGV[2]) == 0 then return 0 end
for i = 3, #ARGV, 2 do redis.call('HSETNX', data(ARGV[2]), ARGV[i], ARGV[i + 1]) end
return 1`,
);

/** Ids. */
const FIND = script(
  NAMES,
  `
local found = {}
for i = 2, #ARGV do
  local epoch = epochOf(ARGV[i])
  found[i - 1] = { redis.call('HGET', data(epoch), ARGV[i]), redis.call('HGET', epochs, epoch) }
end
return found`,
);

/** Ids, each with the wrapping that is expected and the one to come. */
const REWRAP = script(
  ALSO_WHEN_FULL,
  NAMES,
  `
local count = 0
for i = 2, #ARGV, 3 do
  if redis.call('HGET', epochs, ARGV[i]) == ARGV[i + 1] then
    redis.call('HSET', epochs, ARGV[i], ARGV[i + 2])
    count = count + 1
  end
end
return changed(count)`,
);

/** Ids. */
const DESTROY_KEYS = script(
  NAMES,
  `
local count = 0
for i = 2, #ARGV do count = count + redis.call('HDEL', data(epochOf(ARGV[i])), ARGV[i]) end
return changed(count)`,
);

/** The epoch. Answers with -1 for one that is not there. */
const DESTROY_EPOCH = script(
  NAMES,
  `
if redis.call('HDEL', epochs, ARGV[2]) == 0 then return { -1, changed(0)[2] } end
redis.call('HDEL', times, ARGV[2])
local count = redis.call('HLEN', data(ARGV[2]))
redis.call('UNLINK', data(ARGV[2]))
return { count, changed(1)[2] }`,
);

/** A count that has been reached. */
const REWRITTEN = script(
  ALSO_WHEN_FULL,
  NAMES,
  `
local known = tonumber(redis.call('GET', prefix .. 'rewritten') or 0)
if tonumber(ARGV[2]) > known then redis.call('SET', prefix .. 'rewritten', ARGV[2]) end`,
);

/** The position that is expected, and the one to come. */
const SETTLE = script(
  ALSO_WHEN_FULL,
  NAMES,
  `
if (redis.call('GET', prefix .. 'settled') or '0') ~= ARGV[2] then return 0 end
redis.call('SET', prefix .. 'settled', ARGV[3])
return 1`,
);

/** What Redis must be told, so that it keeps what it takes and nothing else. */
const NEEDED_SETTINGS = {
  appendonly: ['yes', 'keys would be lost with the process'],
  appendfsync: ['always', 'keys would be lost that have been used already'],
  'maxmemory-policy': ['noeviction', 'keys would be dropped when memory is short'],
  save: ['', 'its snapshots would hold keys that have been destroyed'],
} as const;

/**
 * Keys in a Redis of their own, which nothing else uses and which is never emptied. After a destruction its append-only
 * file is rewritten, so that no byte of the key is left in it; destructions that come meanwhile share the next rewriting.
 */
export const redisKeyStore = (options: {
  /** Closed with the store. */
  readonly redis: Redis;
  /** Runs `work` once after `ms`. */
  readonly after: (ms: number, work: () => void) => () => void;
  /** How long a destruction waits for the file to be rewritten; then it rejects, although the key can be had no more. */
  readonly rewrittenWithinMs?: number;
}): KeyStore => {
  const { redis, after, rewrittenWithinMs = 10_000 } = options;
  const prefix = `${redis.namespace}:keys:`;
  let rewriting: Promise<void> | null = null;

  const run = (one: Script, ...args: readonly (string | number)[]): Promise<Reply> =>
    redis.run(one, [prefix, ...args]).catch(asKeysUnavailable);
  const send: Redis['send'] = (...command) => redis.send(...command).catch(asKeysUnavailable);

  /** Resolves when the file is not being rewritten, nor about to be: whether that went well the last time. Rejects when it takes too long. */
  const atRest = async (): Promise<boolean> => {
    for (let waited = 0; waited <= rewrittenWithinMs; waited += LOOK_EVERY_MS) {
      const info = String(await send('INFO', 'persistence'));
      if (!/^aof_rewrite_(?:in_progress|scheduled):1/m.test(info)) return /^aof_last_bgrewrite_status:ok/m.test(info);
      await new Promise<void>((resolve) => void after(LOOK_EVERY_MS, resolve));
    }
    throw new KeysUnavailable(
      'What was destroyed can be had no more, but Redis has not rewritten its append-only file yet. Destroy it again to be sure.',
    );
  };

  const rewrite = async (): Promise<void> => {
    // One that has begun already may have seen what has been destroyed since, so it does not count.
    await atRest();
    const upTo = Number((await send('GET', `${prefix}destroyed`)) ?? 0);
    try {
      await redis.send('BGREWRITEAOF');
    } catch (error) {
      if (error instanceof Error && error.message.includes('already in progress')) return; // another process was first
      return asKeysUnavailable(error);
    }
    if (!(await atRest())) throw new KeysUnavailable('Redis could not rewrite its append-only file: see its log.');
    await run(REWRITTEN, upTo);
  };

  /** Resolves when no file holds any of what was destroyed up to this count. */
  const untilGone = async (count: number): Promise<void> => {
    for (;;) {
      if (Number((await send('GET', `${prefix}rewritten`)) ?? 0) >= count) return;
      rewriting ??= rewrite().finally(() => {
        rewriting = null;
      });
      await rewriting;
    }
  };

  const destroyed = async (reply: Reply): Promise<number> => {
    const [count, upTo] = reply as readonly [number, number];
    await untilGone(upTo);
    return count;
  };

  return {
    addEpoch: async ({ id, startsAt, endsAt, wrapped }) => {
      const [known, times] = (await run(
        ADD_EPOCH,
        id,
        wrapped,
        JSON.stringify([startsAt, endsAt]),
      )) as readonly string[];
      return epochFrom(id, known, times);
    },
    epochs: async () =>
      ((await run(EPOCHS)) as readonly (readonly [string, string, string, number])[])
        .map(([id, wrapped, times, dataKeys]): EpochSummary => ({ ...epochFrom(id, wrapped, times), dataKeys }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    rewrap: async (changes) => destroyed(await run(REWRAP, ...changes.flatMap(({ id, from, to }) => [id, from, to]))),
    addDataKeys: async (epoch, keys) =>
      (await run(ADD_KEYS, epoch, ...keys.flatMap(({ id, wrapped }) => [id, wrapped]))) === 1,
    find: async (ids) =>
      ((await run(FIND, ...ids)) as readonly (readonly [string | null, string | null])[]).map(
        ([wrapped, epoch]): FoundKey | null => (wrapped === null || epoch === null ? null : { wrapped, epoch }),
      ),
    dataKeysOf: async function* (epoch) {
      // A scan may give a key twice while others come and go.
      const given = new Set<string>();
      let cursor = '0';
      do {
        const page = await send('HSCAN', `${prefix}data:${epoch}`, cursor, 'COUNT', PAGE_KEYS);
        const [next, pairs] = page as readonly [string, readonly string[]];
        const keys = pairsOf(pairs).filter(({ id }) => !given.has(id));
        for (const { id } of keys) given.add(id);
        if (keys.length > 0) yield keys;
        cursor = next;
      } while (cursor !== '0');
    },
    destroyDataKeys: async (ids) => destroyed(await run(DESTROY_KEYS, ...ids)),
    destroyEpoch: async (id) => {
      const count = await destroyed(await run(DESTROY_EPOCH, id));
      return count === -1 ? null : count;
    },
    settledTo: async () => Number((await send('GET', `${prefix}settled`)) ?? 0),
    settle: async (from, to) => (await run(SETTLE, from, to)) === 1,
    usage: async () => {
      const info = String(await send('INFO', 'memory'));
      const numberOf = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
      return { bytes: numberOf('used_memory'), bound: numberOf('maxmemory') || null };
    },
    check: async () => {
      const names = Object.keys(NEEDED_SETTINGS);
      const reply = (await send('CONFIG', 'GET', ...names)) as readonly string[];
      const settings = new Map(pairsOf(reply).map(({ id, wrapped }) => [id, wrapped]));
      for (const [name, [value, otherwise]] of Object.entries(NEEDED_SETTINGS)) {
        if (settings.get(name) === value) continue;
        throw new KeysUnavailable(
          `The Redis of the keys has ${name} “${settings.get(name) ?? 'unknown'}”: ${otherwise}. Set it to “${value}”.`,
        );
      }
    },
    close: () => redis.close(),
  };
};

const epochFrom = (id: string, wrapped = '', times = '[null,null]'): WrappedEpoch => {
  const [startsAt, endsAt] = JSON.parse(times) as readonly [number | null, number | null];
  return { id, startsAt, endsAt, wrapped };
};

/** Redis gives the fields of a hash and their values one after the other. */
const pairsOf = (flat: readonly string[]): readonly WrappedDataKey[] =>
  Array.from({ length: flat.length / 2 }, (_, index) => ({
    id: flat[2 * index] ?? '',
    wrapped: flat[2 * index + 1] ?? '',
  }));

const asKeysUnavailable = (cause: unknown): never => {
  throw new KeysUnavailable(
    isFull(cause)
      ? 'The Redis of the keys is full, and takes no new keys. Give it more memory (maxmemory).'
      : 'The Redis of the keys is away.',
    { cause },
  );
};

/** What Redis answered is the cause of what the connection makes of it. */
const isFull = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && error.cause.message.startsWith('OOM ');
