#!lua flags=allow-oom
-- Invariant: a notification's keys go only when nothing of it is pending.
-- KEYS: run, fan-out state, content, pending, control  ARGV: run id, notification
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local pending = redis.call('HGET', KEYS[4], ARGV[2])
if pending and tonumber(pending) ~= 0 then return {'pending', pending} end
redis.call('HDEL', KEYS[4], ARGV[2])
redis.call('UNLINK', KEYS[2], KEYS[3])
if redis.call('HDEL', KEYS[5], ARGV[2]) == 1 then redis.call('HINCRBY', KEYS[5], 'version', 1) end
return {'ok'}
