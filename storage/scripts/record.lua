#!lua flags=allow-oom
-- Invariant: a target's result enters the journal in the same step that marks the target as done in its batch;
-- only the claim's owner may do so, and acknowledging comes last.
-- KEYS: run, results, outstanding, later (due times), later (jobs), control,
--       then for each step: stream, progress, held batches
-- ARGV: run id, group, consumer, number of steps, then for each: entry, claim token, expected sequence, queue, account,
--       finished (1/0, or ? = it only asks whether the claim is its own), notification, results, results payload,
--       progress payload (empty = it only waits), number of put-asides,
--       then (due time or 0 = at once or -1 = held while it is paused, name, payload, strikes) each
-- Gives each step's status, then how many results wait and the controls' version.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local function put_aside(stream, progress, held, at)
  local queue, notification = ARGV[at + 3], ARGV[at + 6]
  local item = at + 11
  for _ = 1, tonumber(ARGV[at + 10]) do
    local due, name, payload, strikes = ARGV[item], ARGV[item + 1], ARGV[item + 2], ARGV[item + 3]
    if due == '-1' and redis.call('HGET', KEYS[6], notification) == '1' then
      redis.call('RPUSH', held, queue .. '\n' .. payload)
    elseif due == '0' or due == '-1' then
      if strikes == '0' then
        redis.call('XADD', stream, '*', 'b', payload)
      else
        -- In the entry for its first claim, which reads nothing else; beside it for those who take over.
        local fresh = redis.call('XADD', stream, '*', 'b', payload, 'strikes', strikes)
        redis.call('HSET', progress, fresh .. ':strikes', strikes)
      end
    else
      redis.call('HSET', KEYS[5], name, queue .. '\n' .. payload)
      redis.call('ZADD', KEYS[4], due, name)
    end
    item = item + 4
  end
end
local function step(stream, progress, held, at)
  local id, queue, account, finished, results = ARGV[at], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 7]
  local claim = redis.call('XPENDING', stream, ARGV[2], id, id, 1)[1]
  if not claim or claim[2] ~= ARGV[3] or tostring(claim[4]) ~= ARGV[at + 1] then return {'fenced'} end
  local sequence = redis.call('HGET', progress, id .. ':seq') or '0'
  if sequence ~= ARGV[at + 2] then return {'already'} end
  if finished == '?' then return {'ok'} end
  -- A batch that only waits: a claim that ends now says nothing of it.
  if finished ~= '1' and ARGV[at + 9] == '' then
    redis.call('HSET', progress, id .. ':seen', 'waits')
    return {'ok'}
  end
  if results ~= '0' then
    redis.call('XADD', KEYS[2], '*', 'r', ARGV[at + 8])
    local left = redis.call('HINCRBY', KEYS[3], account, '-' .. results)
    -- An account of its own ends with its notification.
    if left <= 0 and account ~= queue then redis.call('HDEL', KEYS[3], account) end
  end
  put_aside(stream, progress, held, at)
  if finished == '1' then
    redis.call('HDEL', progress, id, id .. ':seq', id .. ':seen', id .. ':strikes')
    redis.call('XACK', stream, ARGV[2], id)
    redis.call('XDEL', stream, id)
  else
    redis.call('HSET', progress, id, ARGV[at + 9], id .. ':seq', sequence + 1)
  end
  return {'ok'}
end
-- PART: replies
local key, at = 7, 5
for _ = 1, tonumber(ARGV[4]) do
  add_reply_of(step, KEYS[key], KEYS[key + 1], KEYS[key + 2], at)
  key = key + 3
  at = at + 11 + 4 * tonumber(ARGV[at + 10])
end
reply[#reply + 1] = tostring(redis.call('XLEN', KEYS[2]))
reply[#reply + 1] = redis.call('HGET', KEYS[6], 'version') or '0'
return reply
