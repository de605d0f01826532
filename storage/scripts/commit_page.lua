#!lua
-- Invariant: batches, skipped results, counts and the cursor move together, once, and only for the current leader.
-- What is paused or canceled gets no more batches.
-- KEYS: run, epoch, turn, outstanding, pending, queues, results, control, pages, then for each step: fan-out state
-- ARGV: run id, turn, key prefix of push streams, sender group, number of steps,
--       then for each: epoch, notification, expected cursor, new cursor,
--       number of batches, then (queue, account, targets, payload) each, number of results, then (targets, payload) each
-- Gives each step's status, audience, pages of the journal, and each account that it touched with what is outstanding there.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if redis.call('GET', KEYS[3]) ~= ARGV[2] then return {'fenced'} end
local epoch = redis.call('GET', KEYS[2])
local function move(state, at, touched)
  local notification = ARGV[at + 1]
  local found = 0
  local item = at + 5
  for _ = 1, tonumber(ARGV[at + 4]) do
    local queue, account, targets = ARGV[item], ARGV[item + 1], ARGV[item + 2]
    local stream = ARGV[3] .. queue
    if redis.call('SADD', KEYS[6], queue) == 1 then
      redis.call('XGROUP', 'CREATE', stream, ARGV[4], '0', 'MKSTREAM')
    end
    redis.call('XADD', stream, '*', 'b', ARGV[item + 3])
    touched[account] = redis.call('HINCRBY', KEYS[4], account, targets)
    found = found + targets
    item = item + 4
  end
  item = item + 1
  for _ = 1, tonumber(ARGV[item - 1]) do
    redis.call('XADD', KEYS[7], '*', 'r', ARGV[item + 1])
    found = found + ARGV[item]
    item = item + 2
  end
  local audience
  if found > 0 then
    redis.call('HINCRBY', KEYS[5], notification, found)
    audience = redis.call('HINCRBY', state, 'audience', found)
  end
  redis.call('HSET', state, 'cursor', ARGV[at + 3])
  return audience, redis.call('INCR', KEYS[9])
end
local function step(state, at)
  if epoch ~= ARGV[at] then return {'fenced'} end
  local cursor = redis.call('HGET', state, 'cursor')
  if not cursor then return {'lost'} end
  local applied = cursor == ARGV[at + 2]
  if not applied and cursor ~= ARGV[at + 3] then return {'fenced'} end
  local control = redis.call('HGET', KEYS[8], ARGV[at + 1])
  if applied and (control == '1' or control == '2') then return {'held'} end
  local touched, order = {}, {}
  local item = at + 6
  for _ = 1, tonumber(ARGV[at + 4]) do
    local account = ARGV[item]
    if touched[account] == nil then touched[account] = false; order[#order + 1] = account end
    item = item + 4
  end
  local audience, pages
  if applied then audience, pages = move(state, at, touched) end
  local made = {applied and 'ok' or 'already', tostring(audience or redis.call('HGET', state, 'audience')),
                tostring(pages or redis.call('GET', KEYS[9]))}
  for _, account in ipairs(order) do
    made[#made + 1] = account
    made[#made + 1] = tostring(touched[account] or redis.call('HGET', KEYS[4], account) or '0')
  end
  return made
end
-- PART: replies
local at = 6
for i = 1, tonumber(ARGV[5]) do
  add_reply_of(step, KEYS[9 + i], at)
  at = at + 5 + 4 * tonumber(ARGV[at + 4])
  at = at + 1 + 2 * tonumber(ARGV[at])
end
return reply
