#!lua flags=allow-oom
-- Invariant: a target's result enters the journal in the same step that marks the target as done in its batch;
-- only the claim's owner may do so, and acknowledging comes last.
-- KEYS: run, stream, progress, results, outstanding, later (due times), later (jobs), control, held batches
-- ARGV: run id, group, consumer, entry, claim token, expected sequence, queue, account, finished (1/0, or ? = it only asks whether the claim is its own),
--       notification, results, results payload, progress payload (empty = it only waits),
--       number of put-asides, then (due time or 0 = at once or -1 = held while it is paused, name, payload, strikes) each
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local claim = redis.call('XPENDING', KEYS[2], ARGV[2], ARGV[4], ARGV[4], 1)[1]
if not claim or claim[2] ~= ARGV[3] or tostring(claim[4]) ~= ARGV[5] then return {'fenced'} end
local id = ARGV[4]
local sequence = redis.call('HGET', KEYS[3], id .. ':seq') or '0'
local version = redis.call('HGET', KEYS[8], 'version') or '0'
if sequence ~= ARGV[6] then return {'already', tostring(redis.call('XLEN', KEYS[4])), version} end
if ARGV[9] == '?' then return {'ok', tostring(redis.call('XLEN', KEYS[4])), version} end
-- A batch that only waits: a claim that ends now says nothing of it.
if ARGV[9] ~= '1' and ARGV[13] == '' then
  redis.call('HSET', KEYS[3], id .. ':seen', 'waits')
  return {'ok', tostring(redis.call('XLEN', KEYS[4])), version}
end
local results = tonumber(ARGV[11])
if results > 0 then
  redis.call('XADD', KEYS[4], '*', 'r', ARGV[12])
  local left = redis.call('HINCRBY', KEYS[5], ARGV[8], -results)
  -- An account of its own ends with its notification.
  if left <= 0 and ARGV[8] ~= ARGV[7] then redis.call('HDEL', KEYS[5], ARGV[8]) end
end
local at = 15
for _ = 1, tonumber(ARGV[14]) do
  local due, name, payload, strikes = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if due == '-1' and redis.call('HGET', KEYS[8], ARGV[10]) == '1' then
    redis.call('RPUSH', KEYS[9], ARGV[7] .. '\n' .. payload)
  elseif due == '0' or due == '-1' then
    if strikes == '0' then
      redis.call('XADD', KEYS[2], '*', 'b', payload)
    else
      -- In the entry for its first claim, which reads nothing else; beside it for those who take over.
      local fresh = redis.call('XADD', KEYS[2], '*', 'b', payload, 'strikes', strikes)
      redis.call('HSET', KEYS[3], fresh .. ':strikes', strikes)
    end
  else
    redis.call('HSET', KEYS[7], name, ARGV[7] .. '\n' .. payload)
    redis.call('ZADD', KEYS[6], due, name)
  end
  at = at + 4
end
if ARGV[9] == '1' then
  redis.call('HDEL', KEYS[3], id, id .. ':seq', id .. ':seen', id .. ':strikes')
  redis.call('XACK', KEYS[2], ARGV[2], id)
  redis.call('XDEL', KEYS[2], id)
else
  redis.call('HSET', KEYS[3], id, ARGV[13], id .. ':seq', sequence + 1)
end
return {'ok', tostring(redis.call('XLEN', KEYS[4])), version}
