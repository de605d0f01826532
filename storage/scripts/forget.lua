#!lua flags=allow-oom
-- Invariant: a notification's keys go only when nothing of it is pending.
-- KEYS: run, fan-out state, content, pending  ARGV: run id, notification
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local pending = redis.call('HGET', KEYS[4], ARGV[2])
if pending and tonumber(pending) ~= 0 then return {'pending', pending} end
redis.call('HDEL', KEYS[4], ARGV[2])
redis.call('UNLINK', KEYS[2], KEYS[3])
return {'ok'}
