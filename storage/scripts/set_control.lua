#!lua flags=allow-oom
-- Invariant: whoever sees the version sees the control that it counts; what is canceled is not paused again.
-- KEYS: run, control  ARGV: run id, notification, control (0 = none)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local current = redis.call('HGET', KEYS[2], ARGV[2]) or '0'
if current == ARGV[3] or (current == '2' and ARGV[3] ~= '0') or (current == '0' and ARGV[3] == '3') then return {'ok'} end
if ARGV[3] == '0' then
  redis.call('HDEL', KEYS[2], ARGV[2])
else
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
end
redis.call('HINCRBY', KEYS[2], 'version', 1)
return {'ok'}
