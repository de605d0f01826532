#!lua flags=allow-oom
-- Invariant: reservations of one notification follow each other at its rate; none lies before now.
-- KEYS: run, fan-out state of the notification  ARGV: run id, pushes a second, pushes
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = math.max(now, tonumber(redis.call('HGET', KEYS[2], 'rate_free_at') or 0))
redis.call('HSET', KEYS[2], 'rate_free_at', due + math.ceil(ARGV[3] * 1000 / ARGV[2]))
return {'ok', tostring(due)}
