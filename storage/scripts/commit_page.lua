#!lua
-- Invariant: batches, skipped results, counts and the cursor move together, once, and only for the current leader.
-- What is paused or canceled gets no more batches.
-- KEYS: run, epoch, fan-out state, outstanding, pending, queues, results, control, pages, turn
-- ARGV: run id, epoch, notification, expected cursor, new cursor, key prefix of push streams, sender group,
--       turn, number of batches, then (queue, account, targets, payload) each, number of results, then (targets, payload) each
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if redis.call('GET', KEYS[2]) ~= ARGV[2] or redis.call('GET', KEYS[10]) ~= ARGV[8] then return {'fenced'} end
local cursor = redis.call('HGET', KEYS[3], 'cursor')
if not cursor then return {'lost'} end
local at = 10
local batches = tonumber(ARGV[9])
local touched, order = {}, {}
for _ = 1, batches do
  local account = ARGV[at + 1]
  if touched[account] == nil then touched[account] = false; order[#order + 1] = account end
  at = at + 4
end
local applied = cursor == ARGV[4]
if not applied and cursor ~= ARGV[5] then return {'fenced'} end
local control = redis.call('HGET', KEYS[8], ARGV[3])
if applied and (control == '1' or control == '2') then return {'held'} end
local audience, pages
if applied then
  local found = 0
  at = 10
  for _ = 1, batches do
    local queue, account, targets, payload = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3]
    local stream = ARGV[6] .. queue
    if redis.call('SADD', KEYS[6], queue) == 1 then
      redis.call('XGROUP', 'CREATE', stream, ARGV[7], '0', 'MKSTREAM')
    end
    redis.call('XADD', stream, '*', 'b', payload)
    touched[account] = redis.call('HINCRBY', KEYS[4], account, targets)
    found = found + targets
    at = at + 4
  end
  local results = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, results do
    redis.call('XADD', KEYS[7], '*', 'r', ARGV[at + 1])
    found = found + tonumber(ARGV[at])
    at = at + 2
  end
  if found > 0 then
    redis.call('HINCRBY', KEYS[5], ARGV[3], found)
    audience = redis.call('HINCRBY', KEYS[3], 'audience', found)
  end
  redis.call('HSET', KEYS[3], 'cursor', ARGV[5])
  pages = redis.call('INCR', KEYS[9])
end
local reply = {applied and 'ok' or 'already', tostring(audience or redis.call('HGET', KEYS[3], 'audience')),
               tostring(pages or redis.call('GET', KEYS[9]))}
for _, account in ipairs(order) do
  reply[#reply + 1] = account
  reply[#reply + 1] = tostring(touched[account] or redis.call('HGET', KEYS[4], account) or '0')
end
return reply
