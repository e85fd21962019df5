import { streamName, type View } from '@signalbox/event-sourcing';
import type {
  AuditIndex,
  Forgets,
  RecordedCredentialRow,
  RecordedFilter,
  RecordedPoint,
  RecordedSessionRow,
} from '@signalbox/read-models';
import type { Keyspace } from './keyspace.ts';
import { NO_OUTPUT } from './rows.lua.ts';
import { redisRows, rowIn } from './views.ts';

/** Sessions lie in the order of their publication: all of them, and those with each mark. */
const SESSION_INDEX = `
local function index(stream, given)
  for i = 3, #given do redis.call('ZADD', view .. 'by:' .. given[i], given[1], given[2]) end
end
local function unindex(stream, given)
  for i = 3, #given do redis.call('ZREM', view .. 'by:' .. given[i], given[2]) end
end
`;

/** Those that ended and are still to be redacted, in the order of their ends. */
const CREDENTIAL_INDEX = `
local function index(stream, given) redis.call('ZADD', view .. 'unredacted', given[1], given[2]) end
local function unindex(stream, given) redis.call('ZREM', view .. 'unredacted', given[2]) end
`;

/**
 * Looks at some members of the first mark, the newest first, and gives the rows of those that have the other marks too. It
 * answers with where it stopped (nothing at the end), so that Redis never stands still for long.
 */
const SEARCH = `
local others, from, to, afterTime, afterId = takeList(), take(), take(), take(), take()
local first, limit, most = take(), tonumber(take()), tonumber(take())
local found, looked, offset = {}, 0, 0
local newest = to
if afterTime ~= '' and (to == '+inf' or tonumber(afterTime) < tonumber(string.sub(to, 2))) then newest = afterTime end
while true do
  local some = redis.call('ZREVRANGEBYSCORE', view .. 'by:' .. first, newest, from, 'WITHSCORES', 'LIMIT', offset, 100)
  for i = 1, #some, 2 do
    local id, time = some[i], some[i + 1]
    if not (time == afterTime and id >= afterId) then
      looked = looked + 1
      local matches = true
      for _, other in ipairs(others) do
        if not redis.call('ZSCORE', view .. 'by:' .. other, id) then matches = false end
      end
      if matches then found[#found + 1] = redis.call('HGET', rows, 'session-' .. id) end
      if #found == limit then return { found } end
      if looked == most then return { found, time, id } end
    end
  end
  if #some < 200 then return { found } end
  offset = offset + 100
end
`;

/** Sessions that one call of the script looks at. */
const LOOKED_AT = 1_000;

const marksOf = (row: RecordedSessionRow): readonly string[] => {
  const identities = new Set([row.publisher, ...(row.answerer === null ? [] : [row.answerer]), ...row.visitors]);
  return [
    'all',
    ...[...identities].map((identity) => `identity:${identity}`),
    ...[...new Set(row.tags)].map((tag) => `tag:${tag}`),
    ...row.traces.map((trace) => `trace:${trace}`),
  ];
};

/** What was recorded, as a part of the read models: a rebuild fills it with them. */
export const redisAuditIndex = (
  keyspace: Keyspace,
): Forgets & {
  readonly sessions: View<RecordedSessionRow>;
  readonly credentials: View<RecordedCredentialRow>;
  readonly index: AuditIndex;
} => {
  const sessions = redisRows<RecordedSessionRow>(keyspace, {
    name: 'recorded-sessions',
    facts: (row) => [row.publishedAt, row.sessionId, ...marksOf(row)],
    endedAt: (row) => row.endedAt,
    indexesEnded: true,
    lua: [SESSION_INDEX, NO_OUTPUT],
  });
  const credentials = redisRows<RecordedCredentialRow>(keyspace, {
    name: 'recorded-credentials',
    facts: (row) => (row.endedAt === null || row.redacted ? [] : [row.endedAt, row.name]),
    endedAt: (row) => (row.redacted ? row.endedAt : null),
    indexesEnded: true,
    lua: [CREDENTIAL_INDEX, NO_OUTPUT],
  });
  const search = sessions.script(SEARCH);
  const ended = credentials.script(`
    local found = {}
    for i, name in ipairs(redis.call('ZRANGEBYSCORE', view .. 'unredacted', '-inf', '(' .. take(), 'LIMIT', 0, take())) do
      found[i] = redis.call('HGET', rows, 'credential-' .. name)
    end
    return found
  `);

  const searchSome = async (filter: RecordedFilter, after: RecordedPoint | null, limit: number) => {
    const { identity, trace, tag, from, to } = filter;
    const marks = [
      ...(identity === null ? [] : [`identity:${identity}`]),
      ...(trace === null ? [] : [`trace:${trace}`]),
      ...(tag === null ? [] : [`tag:${tag}`]),
    ];
    const [first = 'all', ...others] = marks;
    const [kept, time, sessionId] = (await sessions.run(search, [
      ...[others.length, ...others],
      ...[from ?? '-inf', to === null ? '+inf' : `(${to}`],
      ...[after?.publishedAt ?? '', after?.sessionId ?? '', first, limit, LOOKED_AT],
    ])) as readonly [readonly string[], string?, string?];
    return {
      rows: kept.flatMap((one) => rowIn<RecordedSessionRow>(one) ?? []),
      next: time === undefined || sessionId === undefined ? null : { publishedAt: Number(time), sessionId },
    };
  };

  const find = async <Row>(view: View<Row>, category: string, id: string): Promise<Row | undefined> => {
    const stream = streamName(category, id);
    return (await view.read([stream])).get(stream)?.row;
  };

  return {
    sessions: { read: sessions.read, write: sessions.write, checkpoint: sessions.checkpoint },
    credentials: { read: credentials.read, write: credentials.write, checkpoint: credentials.checkpoint },
    forget: async (endedBefore) => (await sessions.forget(endedBefore)) + (await credentials.forget(endedBefore)),
    index: {
      sessions: async (filter, after, limit) => {
        const found: RecordedSessionRow[] = [];
        for (let point = after; ; ) {
          const { rows, next } = await searchSome(filter, point, limit - found.length);
          found.push(...rows);
          if (next === null || found.length >= limit) return found;
          point = next;
        }
      },
      session: (sessionId) => find(sessions, 'session', sessionId),
      credential: (name) => find(credentials, 'credential', name),
      endedCredentials: async (before, limit) => {
        const kept = (await credentials.run(ended, [before, limit])) as readonly string[];
        return kept.flatMap((one) => rowIn<RecordedCredentialRow>(one) ?? []);
      },
      position: async () => Math.min(await sessions.checkpoint(), await credentials.checkpoint()),
    },
  };
};
