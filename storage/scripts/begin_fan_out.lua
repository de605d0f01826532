#!lua
-- Invariant: a notification's cursor is created once and only by the leader; content is there before any batch.
-- KEYS: run, epoch, turn, then for each step: fan-out state, content
-- ARGV: run id, epoch, turn, number of steps, then for each: content, start, targets that have a row already
-- Gives each step's status, cursor, audience and start.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if redis.call('GET', KEYS[2]) ~= ARGV[2] or redis.call('GET', KEYS[3]) ~= ARGV[3] then return {'fenced'} end
local reply = {'ok'}
local key, at = 4, 5
for _ = 1, tonumber(ARGV[4]) do
  local state, start, audience = KEYS[key], ARGV[at + 1], ARGV[at + 2]
  redis.call('SET', KEYS[key + 1], ARGV[at])
  if redis.call('HSETNX', state, 'cursor', start) == 1 then
    redis.call('HSET', state, 'start', start, 'audience', audience)
    reply[#reply + 1] = {'ok', start, audience, start}
  else
    local known = redis.call('HMGET', state, 'cursor', 'audience', 'start')
    reply[#reply + 1] = {'ok', known[1], known[2], known[3]}
  end
  key = key + 2
  at = at + 3
end
return reply
