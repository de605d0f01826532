#!lua flags=allow-oom
-- Invariant: a result entry lowers the pending count exactly when it is acknowledged, and only after its rows are
-- committed in MariaDB.
-- KEYS: run, results, pending, progress  ARGV: run id, group, number of entries, then (entry, notification, targets) each
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local at = 4
for _ = 1, tonumber(ARGV[3]) do
  local id, notification, targets = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if redis.call('XACK', KEYS[2], ARGV[2], id) == 1 then
    redis.call('XDEL', KEYS[2], id)
    redis.call('HDEL', KEYS[4], id .. ':seen', id .. ':strikes')
    redis.call('HINCRBY', KEYS[3], notification, '-' .. targets)
  end
  at = at + 3
end
return {'ok'}
