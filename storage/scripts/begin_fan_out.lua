#!lua
-- Invariant: a notification's cursor is created once and only by the leader; content is there before any batch.
-- KEYS: run, epoch, turn, then for each step: fan-out state, content
-- ARGV: run id, epoch, turn, number of steps, then for each: content, start, targets that have a row already
-- Gives each step's status, cursor, audience and start.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if redis.call('GET', KEYS[2]) ~= ARGV[2] or redis.call('GET', KEYS[3]) ~= ARGV[3] then return {'fenced'} end
local function step(state, content, at)
  local start, audience = ARGV[at + 1], ARGV[at + 2]
  redis.call('SET', content, ARGV[at])
  if redis.call('HSETNX', state, 'cursor', start) == 1 then
    redis.call('HSET', state, 'start', start, 'audience', audience)
    return {'ok', start, audience, start}
  end
  local known = redis.call('HMGET', state, 'cursor', 'audience', 'start')
  return {'ok', known[1], known[2], known[3]}
end
-- PART: replies
for i = 1, tonumber(ARGV[4]) do
  add_reply_of(step, KEYS[2 + 2 * i], KEYS[3 + 2 * i], 2 + 3 * i)
end
return reply
