import { FEED } from './feeds.lua.ts';

/** Up to `most` items beyond a sequence, of the whole feed or of one session of it. */
const ITEMS_AFTER = `${FEED}
local recipient, session = take(), take()

local function itemsAfter(sequence, most)
  local items = itemsOf(recipient)
  if session == '' then return redis.call('ZRANGEBYSCORE', items, '(' .. sequence, '+inf', 'LIMIT', 0, most) end
  local found = {}
  for _, entry in ipairs(redis.call('ZRANGEBYSCORE', indexOf(session), '(' .. sequence, '+inf')) do
    local at, of = string.match(entry, '^(%d+) %d+ (.*)$')
    if of == recipient then
      found[#found + 1] = redis.call('ZRANGEBYSCORE', items, at, at)[1]
      if #found == most then break end
    end
  end
  return found
end
`;

/**
 * A page, one item more than asked for when there are as many. Within its own numbering a point counts by sequence,
 * elsewhere by what has been seen of each lane; what that says is not shown again holds after the move too. In its own
 * numbering an item that came late is told by its sequence alone. Lane `allLanes` stands for all of them.
 */
export const PAGE = (allLanes: number) => `${ITEMS_AFTER}
local limit, isOwn, from = tonumber(take()), take() == numbering(), take()
if not isOwn then from = '0' end
local seen = {}
for _ = 1, tonumber(take()) do
  local lane = take()
  seen[lane] = tonumber(take())
end
local seenOfAll = seen['${allLanes}'] or 0

local late, isLate = redis.call('ZRANGEBYSCORE', lateOf(recipient), '(' .. from, '+inf'), {}
for _, entry in ipairs(late) do isLate[string.match(entry, '^%d+')] = true end

-- Elsewhere much may have to be passed over.
local most = isOwn and limit + 1 or math.max(limit + 1, 100)
local found = {}
repeat
  local some = itemsAfter(from, most)
  for _, item in ipairs(some) do
    local sequence, _, _, lane, position = string.match(item, HEADER)
    from, position = sequence, tonumber(position)
    local isNew = position > (seen[lane] or 0) or (isOwn and isLate[sequence])
    if #found <= limit and isNew and position > seenOfAll then found[#found + 1] = item end
  end
until #found > limit or #some < most

-- Whoever has come to the end has seen the largest position of each lane, also where late items hid that on the way.
local highest = {}
if session == '' and #found <= limit and redis.call('EXISTS', lateOf(recipient)) == 1 then
  local fields = redis.call('HGETALL', feedOf(recipient))
  for i = 1, #fields, 2 do
    local lane = string.match(fields[i], '^lane:(%d+)$')
    if lane then highest[#highest + 1] = lane .. ' ' .. fields[i + 1] end
  end
end

local _, forgottenUpTo, forgottenPosition = beginningOf(recipient)
return {
  numbering(), redis.call('HGET', counters, 'sequence') or '0', redis.call('HGET', about, 'checkpoint') or '0',
  whole(forgottenUpTo), whole(forgottenPosition), late, highest, found,
}
`;

/** Up to `most` items that hold a time beyond `since`, after a sequence. Times grow with the sequence. */
export const SINCE = `${ITEMS_AFTER}
local since, from, most = tonumber(take()), take(), tonumber(take())

local function isBeyond(item)
  local _, at, times = string.match(item, HEADER)
  return at + times - 1 > since
end

if session == '' and from == '0' then
  local items = itemsOf(recipient)
  local first, last = 0, redis.call('ZCARD', items)
  while first < last do
    local middle = math.floor((first + last) / 2)
    if isBeyond(redis.call('ZRANGE', items, middle, middle)[1]) then last = middle else first = middle + 1 end
  end
  return { numbering(), redis.call('ZRANGE', items, first, first + most - 1) }
end

local found = {}
for _, item in ipairs(itemsAfter(from, most)) do
  if isBeyond(item) then found[#found + 1] = item end
end
return { numbering(), found }
`;

/** Whether a feed has come beyond a point, or the point is of another numbering. */
export const REACHES_BEYOND = `${FEED}
local recipient, numberingOfPoint, sequence = take(), take(), take()
if numberingOfPoint ~= numbering() then return 1 end
return redis.call('ZCOUNT', itemsOf(recipient), '(' .. sequence, '+inf') > 0 and 1 or 0
`;
