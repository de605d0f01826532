#!lua flags=allow-oom
-- Invariant: a shared value changes only for who knew it as it was; the same change asked for twice is one.
-- KEYS: run, shared  ARGV: run id, name, whether a value is expected, that value, new value
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local current = redis.call('HGET', KEYS[2], ARGV[2])
if current == ARGV[5] then return {'ok'} end
if ARGV[3] == '1' and current ~= ARGV[4] then return {'fenced'} end
if ARGV[3] == '0' and current then return {'fenced'} end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[5])
return {'ok'}
