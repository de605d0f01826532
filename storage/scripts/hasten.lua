#!lua flags=allow-oom
-- Invariant: a job that is put aside stays where it is; only its due time becomes now.
-- KEYS: run, later (due times)  ARGV: run id, notification, place to go on from, names to look at
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local found = redis.call('ZSCAN', KEYS[2], ARGV[3], 'MATCH', ARGV[2] .. ':*', 'COUNT', ARGV[4])
local names = found[2]
for at = 1, #names, 2 do redis.call('ZADD', KEYS[2], 'XX', '1', names[at]) end
return {'ok', tostring(#names / 2), found[1]}
