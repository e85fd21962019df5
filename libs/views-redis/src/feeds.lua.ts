/**
 * Where the feeds are:
 *
 * - `items:<recipient>`: the items of a feed by sequence, each with its header in front (`HEADER` takes it apart).
 * - `late:<recipient>`: sequence, lane and position of those that came behind a later one of their lane, by sequence.
 * - `feed:<recipient>`: of a feed that holds items, the earliest time that the next one may bear (`nextAt`), up to
 *   which sequence (`forgottenUpTo`) and position (`forgottenPosition`) items may have been forgotten, and the largest
 *   position of each lane (`lane:<n>`).
 * - `session:<id>`: sequence, position and recipient of each item of a session, by sequence.
 * - `over`: the sessions that have ended, by when that was. Of one that was taken back the items are gone at once; its
 *   `session:<id>` stays until it is forgotten, and with it the `feed:<recipient>` of whoever had items of it.
 * - `counters`: the last `sequence`; the `latest` time recorded; the `run` of the server that numbers now, and the time
 *   since which it does (`runSince`); and what feeds begin with that hold nothing yet: the largest of what feeds that
 *   were forgotten whole had come to.
 *
 * A server that was restarted may have lost what it was told last, numbers and times that somebody has seen. So each
 * run has a numbering of its own, and what is written in it bears no time from before it.
 *
 * What is delivered is JSON that only JavaScript reads.
 */
export const FEED = `
local counters, over = view .. 'counters', view .. 'over'
local function itemsOf(recipient) return view .. 'items:' .. recipient end
local function feedOf(recipient) return view .. 'feed:' .. recipient end
local function lateOf(recipient) return view .. 'late:' .. recipient end
local function indexOf(session) return view .. 'session:' .. session end

local HEADER = '^(%d+) (%d+) (%d+) (%d+) (%d+) '

local function numberingOf(run) return generation .. '-' .. string.sub(run or '0', 1, 8) end
local function numbering() return numberingOf(redis.call('HGET', counters, 'run')) end

local function whole(number) return string.format('%.0f', number) end

local function keyOf(recipient)
  return redis.call('EXISTS', feedOf(recipient)) == 1 and feedOf(recipient) or counters
end
local function beginningOf(recipient)
  local known = redis.call('HMGET', keyOf(recipient), 'nextAt', 'forgottenUpTo', 'forgottenPosition')
  return tonumber(known[1] or '0'), tonumber(known[2] or '0'), tonumber(known[3] or '0')
end

local function remove(recipient, sequence)
  redis.call('ZREMRANGEBYSCORE', itemsOf(recipient), sequence, sequence)
  redis.call('ZREMRANGEBYSCORE', lateOf(recipient), sequence, sequence)
end
local function entriesOf(session)
  local entries = {}
  for i, entry in ipairs(redis.call('ZRANGE', indexOf(session), 0, -1)) do
    entries[i] = { string.match(entry, '^(%d+) (%d+) (.*)$') }
  end
  return entries
end
`;

/** What the rows of the feeds do beside being written. A row is indexed as long as its session lives. */
export const FEED_OUTPUT = `${FEED}
local produced, endings, takenBack = {}, {}, {}

local function index() end
local function unindex(stream) endings[string.match(stream, '^[^-]*-(.*)$')] = true end

local function emit(_, _, outs)
  local session, lane, isOver, latest = outs[1], outs[2], outs[3] ~= 'lives', tonumber(outs[4])
  if isOver then endings[session] = true end
  if outs[3] == 'taken back' then takenBack[session] = true end
  for i = 5, #outs, 6 do
    produced[#produced + 1] = {
      session = session, lane = lane, recipient = outs[i], recordedAt = tonumber(outs[i + 1]),
      position = outs[i + 2], index = tonumber(outs[i + 3]), times = outs[i + 4], body = outs[i + 5],
      isForgotten = isOver and latest < forgotten,
    }
  end
end

local function byPosition(one, other)
  local a, b = tonumber(one.position), tonumber(other.position)
  return a < b or (a == b and one.index < other.index)
end

local function append(item, sequence, notBefore)
  local feed, lane = feedOf(item.recipient), 'lane:' .. item.lane
  local nextAt, forgottenUpTo, forgottenPosition = beginningOf(item.recipient)
  local highest = tonumber(redis.call('HGET', feed, lane) or '0')
  local at = math.max(item.recordedAt, nextAt, notBefore)
  redis.call('HSET', feed, 'nextAt', whole(at + item.times), 'forgottenUpTo', whole(forgottenUpTo),
    'forgottenPosition', whole(forgottenPosition), lane, whole(math.max(highest, tonumber(item.position))))
  local place = item.lane .. ' ' .. item.position
  redis.call('ZADD', itemsOf(item.recipient), sequence,
    sequence .. ' ' .. whole(at) .. ' ' .. item.times .. ' ' .. place .. ' ' .. item.body)
  redis.call('ZADD', indexOf(item.session), sequence, sequence .. ' ' .. item.position .. ' ' .. item.recipient)
  if tonumber(item.position) < highest then
    redis.call('ZADD', lateOf(item.recipient), sequence, sequence .. ' ' .. place)
  end
end

-- What comes (again) of a session that is forgotten already.
local function leaveOut(item)
  local key = keyOf(item.recipient)
  local before = tonumber(redis.call('HGET', key, 'forgottenPosition') or '0')
  redis.call('HSET', key, 'forgottenPosition', whole(math.max(before, tonumber(item.position))))
end

-- Only those who had not come so far are told that they may have missed something.
local function takeBack(session)
  for _, entry in ipairs(entriesOf(session)) do
    local sequence, position, recipient = entry[1], entry[2], entry[3]
    local _, upTo, upToPosition = beginningOf(recipient)
    remove(recipient, sequence)
    redis.call('HSET', keyOf(recipient), 'forgottenUpTo', whole(math.max(upTo, tonumber(sequence))),
      'forgottenPosition', whole(math.max(upToPosition, tonumber(position))))
  end
end

local function finish()
  if #produced == 0 and next(endings) == nil then return false end
  table.sort(produced, byPosition)
  local known = redis.call('HMGET', counters, 'sequence', 'latest', 'run', 'runSince')
  local sequence, latest = tonumber(known[1] or '0'), tonumber(known[2] or '0')
  local run, runSince = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)'), tonumber(known[4] or '0')
  if known[3] and known[3] ~= run then runSince = redis.call('TIME')[1] * 1000 end
  local told = {}
  for _, item in ipairs(produced) do
    latest = math.max(latest, item.recordedAt)
    if item.isForgotten then
      leaveOut(item)
    else
      sequence = sequence + 1
      append(item, whole(sequence), runSince)
      told[item.recipient] = whole(sequence)
    end
  end
  redis.call('HSET', counters, 'sequence', whole(sequence), 'latest', whole(latest), 'run', run,
    'runSince', whole(runSince))
  -- An end that nobody is told of has no item and so no time of its own: the log had come at least this far.
  for session in pairs(endings) do
    if redis.call('EXISTS', indexOf(session)) == 1 then redis.call('ZADD', over, 'NX', whole(latest), session) end
  end
  for session in pairs(takenBack) do takeBack(session) end
  if not isRebuilt then
    for recipient, last in pairs(told) do
      redis.call('PUBLISH', namespace .. ':feed:' .. recipient, numberingOf(run) .. ' ' .. last)
    end
  end
  return false
end
`;

/** Forgets the items of some sessions that ended before a time. Answers with how many sessions. */
export const FORGET_ITEMS = `${FEED}
local endedBefore, most = take(), take()

local function forget(recipient, sequence, position)
  remove(recipient, sequence)
  local nextAt, upTo, upToPosition = beginningOf(recipient)
  local isEmpty = redis.call('EXISTS', itemsOf(recipient)) == 0
  local key = isEmpty and counters or feedOf(recipient)
  if isEmpty then
    redis.call('DEL', feedOf(recipient))
    local others = redis.call('HMGET', counters, 'nextAt', 'forgottenUpTo', 'forgottenPosition')
    nextAt = math.max(nextAt, tonumber(others[1] or '0'))
    upTo = math.max(upTo, tonumber(others[2] or '0'))
    upToPosition = math.max(upToPosition, tonumber(others[3] or '0'))
  end
  redis.call('HSET', key, 'nextAt', whole(nextAt), 'forgottenUpTo', whole(math.max(upTo, tonumber(sequence))),
    'forgottenPosition', whole(math.max(upToPosition, tonumber(position))))
end

local gone = redis.call('ZRANGEBYSCORE', over, '-inf', '(' .. endedBefore, 'LIMIT', 0, most)
for _, session in ipairs(gone) do
  for _, entry in ipairs(entriesOf(session)) do forget(entry[3], entry[1], entry[2]) end
  redis.call('DEL', indexOf(session))
  redis.call('ZREM', over, session)
end
return #gone
`;
