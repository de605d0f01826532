#!lua
-- Invariant: a notification's cursor is created once and only by the leader; content is there before any batch.
-- KEYS: run, epoch, fan-out state, content, turn  ARGV: run id, epoch, content, start, targets that have a row already, turn
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if redis.call('GET', KEYS[2]) ~= ARGV[2] or redis.call('GET', KEYS[5]) ~= ARGV[6] then return {'fenced'} end
redis.call('SET', KEYS[4], ARGV[3])
if redis.call('HSETNX', KEYS[3], 'cursor', ARGV[4]) == 1 then
  redis.call('HSET', KEYS[3], 'start', ARGV[4], 'audience', ARGV[5])
  return {'ok', ARGV[4], ARGV[5], ARGV[4]}
end
local state = redis.call('HMGET', KEYS[3], 'cursor', 'audience', 'start')
return {'ok', state[1], state[2], state[3]}
