/**
 * The parts of a script that works on the rows of a view. Where they are:
 *
 * - `rows`: the revision, a colon, and the row as JSON, by stream; nothing behind the colon where it was removed.
 * - `facts`: the revision, a colon, and what the view's indexes were given, packed; by stream.
 * - `ended`: what may be forgotten, by when it ended or was removed.
 * - `about`: the `checkpoint`, and before when whatever ended is `forgotten`.
 *
 * Row bodies are never looked into: they hold JSON that only JavaScript reads back as it was.
 */
export const ROW_KEYS = `
local rows, facts, ended, about = view .. 'rows', view .. 'facts', view .. 'ended', view .. 'about'

local function factsOf(stream)
  local known = redis.call('HGET', facts, stream)
  if not known then return nil, '' end
  local colon = string.find(known, ':', 1, true)
  return tonumber(string.sub(known, 1, colon - 1)), string.sub(known, colon + 1)
end

local function raise(field, value)
  local before = redis.call('HGET', about, field)
  if not before or tonumber(before) < tonumber(value) then redis.call('HSET', about, field, value) end
end
`;

/** Takes what an argument list holds, one after another. */
export const ARGUMENTS = `
local at = 2
local function take()
  at = at + 1
  return ARGV[at]
end
local function takeList()
  local list = {}
  for i = 1, tonumber(take()) do list[i] = take() end
  return list
end
`;

/** What a view without indexes does. */
export const NO_INDEX = `
local function index(stream, given) end
local function unindex(stream, given) end
`;

/** What a view without outputs does. */
export const NO_OUTPUT = `
local function emit(stream, position, outs) end
local function finish() return false end
`;

/**
 * Needs `index(stream, given)`, `unindex(stream, given)`, `emit(stream, position, outs)` and `finish()` of the view,
 * which may ask `forgotten`: the time before which whatever ended is forgotten. Answers with the streams whose row was
 * not the one that the change was made from, and with what `finish` answers.
 *
 * A row that ended before that time is not kept: so what is forgotten stays forgotten when its events come again.
 */
export const WRITE_CHANGES = `
local checkpoint, count = take(), tonumber(take())
local stale = {}

local function keep(stream, revision, body, given, endedAt)
  redis.call('HSET', rows, stream, revision .. ':' .. body)
  redis.call('HSET', facts, stream, revision .. ':' .. given)
  if endedAt ~= '' then redis.call('ZADD', ended, endedAt, stream) end
end

for _ = 1, count do
  local stream, after, revision, position = take(), tonumber(take()), take(), take()
  local body, endedAt, given, outs = take(), take(), takeList(), takeList()
  local known, before = factsOf(stream)
  if (known or -1) >= tonumber(revision) then
    -- shown already
  elseif (known or -1) ~= after then
    stale[#stale + 1] = stream
  else
    local packed = #given > 0 and cmsgpack.pack(given) or ''
    if packed ~= before then
      if before ~= '' then unindex(stream, cmsgpack.unpack(before)) end
      if packed ~= '' then index(stream, given) end
    end
    if endedAt ~= '' and tonumber(endedAt) < forgotten then
      if packed ~= '' then unindex(stream, given) end
      if known then forget(stream) end
    else
      keep(stream, revision, body, packed, endedAt)
    end
    if #outs > 0 then emit(stream, position, outs) end
  end
end

if checkpoint ~= '' and #stale == 0 then raise('checkpoint', checkpoint) end
return { stale, finish() }
`;

/** Comes before the functions of the view. */
export const FORGETTING = `
local forgotten = tonumber(redis.call('HGET', about, 'forgotten') or '-inf')
local function forget(stream)
  redis.call('HDEL', rows, stream)
  redis.call('HDEL', facts, stream)
  redis.call('ZREM', ended, stream)
end
`;

/** Moves the checkpoint on, once the changes of several calls have all been taken. */
export const RAISE_CHECKPOINT = `
raise('checkpoint', take())
return 1
`;

/** Needs `unindex` of the view. Forgets some of what ended before a time. Answers with how many it looked at, and how many of them had a row. */
export const FORGET = `
local endedBefore, most = take(), take()
raise('forgotten', endedBefore)
local gone = redis.call('ZRANGEBYSCORE', ended, '-inf', '(' .. endedBefore, 'LIMIT', 0, most)
local hadRow = 0
for _, stream in ipairs(gone) do
  if string.sub(redis.call('HGET', rows, stream), -1) ~= ':' then hadRow = hadRow + 1 end
  local _, indexed = factsOf(stream)
  if indexed ~= '' then unindex(stream, cmsgpack.unpack(indexed)) end
  forget(stream)
end
return { #gone, hadRow }
`;
