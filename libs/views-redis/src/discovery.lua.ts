/**
 * Where the offers of discovery are found, beside their rows:
 *
 * - `expiry`: exactly the offers that are shown, by when they expire.
 * - the lists, each by age: `all`; `tag:<tag>`; of each version of a service, all its offers and those of each tag.
 * - `publishers:<tag>`: how many of the tag's offers each publisher has.
 * - `versions:<service>`: how many offers each version has.
 *
 * What the indexes are given of an offer: its age, when it expires, its publisher, its service (a name and a version,
 * or two blanks), the number of its tags, the tags, and the names of the lists it is in.
 */
export const OFFER_INDEX = `
local function offerOf(given)
  local tags, lists = {}, {}
  local last = 6 + tonumber(given[6])
  for i = 7, last do tags[#tags + 1] = given[i] end
  for i = last + 1, #given do lists[#lists + 1] = given[i] end
  return {
    order = given[1], expiresAt = given[2], publisher = given[3], name = given[4], version = given[5],
    tags = tags, lists = lists,
  }
end

local function add(key, field, by)
  if redis.call('HINCRBY', key, field, by) <= 0 then redis.call('HDEL', key, field) end
end

local function index(stream, given)
  local offer = offerOf(given)
  redis.call('ZADD', view .. 'expiry', offer.expiresAt, stream)
  for _, list in ipairs(offer.lists) do redis.call('ZADD', view .. list, offer.order, stream) end
  for _, tag in ipairs(offer.tags) do add(view .. 'publishers:' .. tag, offer.publisher, 1) end
  if offer.version ~= '' then add(view .. 'versions:' .. offer.name, offer.version, 1) end
end

local function unindex(stream, given)
  if redis.call('ZREM', view .. 'expiry', stream) == 0 then return end
  local offer = offerOf(given)
  for _, list in ipairs(offer.lists) do redis.call('ZREM', view .. list, stream) end
  for _, tag in ipairs(offer.tags) do add(view .. 'publishers:' .. tag, offer.publisher, -1) end
  if offer.version ~= '' then add(view .. 'versions:' .. offer.name, offer.version, -1) end
end

local function givenOf(stream)
  local _, packed = factsOf(stream)
  return packed ~= '' and cmsgpack.unpack(packed) or {}
end
`;

/**
 * What has expired is hidden before anyone looks, whether or not the event that says so has come. A call hides a
 * bounded number; while more are left it answers with nothing else and has to be made again.
 */
export const HIDE_EXPIRED = `
local now, mostHidden = take(), 100
local expired = redis.call('ZRANGEBYSCORE', view .. 'expiry', '-inf', now, 'LIMIT', 0, mostHidden)
for _, stream in ipairs(expired) do unindex(stream, givenOf(stream)) end
if #expired == mostHidden then return 'AGAIN' end
`;

/**
 * A page, as far as a bounded number of offers takes it. Each round takes the newest of every list and looks at those
 * that are at least as new as the oldest taken of any list that goes on: nothing between them can have been missed.
 * Answers with whether the page is complete, from where to go on and how many are still to be skipped, and the rows.
 */
export const PAGE = `
local before, skip, limit, except = take(), tonumber(take()), tonumber(take()), take()
local lists = takeList()
local most = 2000
local looked, found = 0, {}
-- In a single list of which everything counts, Redis skips by itself.
local offset = (#lists == 1 and except == '') and skip or 0
skip = skip - offset
local each = math.min(most, math.ceil(math.max(20, skip + limit) / math.max(1, #lists)) + 1)

local function round()
  local taken, frontier = {}, nil
  for _, list in ipairs(lists) do
    local some = redis.call('ZREVRANGEBYSCORE', view .. list, before, '-inf', 'WITHSCORES', 'LIMIT', offset, each)
    for i = 1, #some, 2 do taken[#taken + 1] = { stream = some[i], order = tonumber(some[i + 1]) } end
    if #some == 2 * each and (not frontier or tonumber(some[#some]) > tonumber(frontier)) then frontier = some[#some] end
  end
  looked, offset = looked + #taken, 0
  table.sort(taken, function(a, b) return a.order > b.order end)
  local last
  for _, offer in ipairs(taken) do
    if #found == limit or (frontier and offer.order < tonumber(frontier)) then break end
    if offer.order ~= last then
      last = offer.order
      if except == '' or givenOf(offer.stream)[3] ~= except then
        if skip > 0 then
          skip = skip - 1
        else
          found[#found + 1] = offer.stream
        end
      end
    end
  end
  if frontier then before = '(' .. frontier end
  return frontier ~= nil
end

local goesOn = #lists > 0
while goesOn and #found < limit and looked < most do goesOn = round() end
local isComplete = (not goesOn or #found == limit) and 1 or 0
return { isComplete, before, skip, #found > 0 and redis.call('HMGET', rows, unpack(found)) or {} }
`;

/** One draw after another until one counts. Answers with a row, or nothing when no draw has. */
export const RANDOM = `
math.randomseed(tonumber(take()))
local except, draws = take(), tonumber(take())
local parts, places = {}, 0
for _ = 1, tonumber(take()) do
  local group = takeList()
  for i, list in ipairs(group) do
    local size = redis.call('ZCARD', view .. list)
    if size > 0 then parts[#parts + 1] = { group = group, index = i, start = places, size = size } end
    places = places + size
  end
end
if places == 0 then return false end

local function draw()
  local place = math.min(places - 1, math.floor(math.random() * places))
  local low, high = 1, #parts
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if parts[middle].start <= place then low = middle else high = middle - 1 end
  end
  local part = parts[low]
  local rank = place - part.start
  local stream = redis.call('ZRANGE', view .. part.group[part.index], rank, rank)[1]
  for i = 1, part.index - 1 do
    if redis.call('ZSCORE', view .. part.group[i], stream) then return nil end
  end
  if except ~= '' and givenOf(stream)[3] == except then return nil end
  return stream
end

for _ = 1, draws do
  local stream = draw()
  if stream then return redis.call('HGET', rows, stream) end
end
return 'UNLUCKY'
`;

/** The oldest that matches: the first of each list that is not of the identity that is left out. */
export const OLDEST = `
local except, lists = take(), takeList()
local oldest, age
for _, list in ipairs(lists) do
  local from, some = 0, nil
  repeat
    some = redis.call('ZRANGE', view .. list, from, from + 49, 'WITHSCORES')
    for i = 1, #some, 2 do
      local order = tonumber(some[i + 1])
      if age and order >= age then some = {} break end
      if except == '' or givenOf(some[i])[3] ~= except then
        oldest, age, some = some[i], order, {}
        break
      end
    end
    from = from + 50
  until #some < 100
end
return oldest and redis.call('HGET', rows, oldest)
`;

export const COUNT = `
local counted = {}
local isUnique = take() == '1'
for i, tag in ipairs(takeList()) do
  counted[i] = isUnique and redis.call('HLEN', view .. 'publishers:' .. tag) or redis.call('ZCARD', view .. 'tag:' .. tag)
end
return counted
`;
