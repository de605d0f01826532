#!lua flags=allow-oom
-- Invariant: a held batch is in exactly one place; it moves to its stream in one step, and not while it is to be held.
-- The mark `released` stays until nothing is held any more, so that a release that broke off is found and finished.
-- KEYS: run, control, held batches of the notification  ARGV: run id, notification, key prefix of push streams, most batches
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local control = redis.call('HGET', KEYS[2], ARGV[2])
if control == '1' then return {'ok', '0', '0'} end
local held = redis.call('LPOP', KEYS[3], ARGV[4]) or {}
for _, job in ipairs(held) do
  local cut = string.find(job, '\n', 1, true)
  redis.call('XADD', ARGV[3] .. string.sub(job, 1, cut - 1), '*', 'b', string.sub(job, cut + 1))
end
local left = redis.call('LLEN', KEYS[3])
if left == 0 and control == '3' then
  redis.call('HDEL', KEYS[2], ARGV[2])
  redis.call('HINCRBY', KEYS[2], 'version', 1)
end
return {'ok', tostring(#held), tostring(left)}
