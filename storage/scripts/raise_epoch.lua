#!lua flags=allow-oom
-- Invariant: the epoch never falls; a missing epoch means a lost journal, never epoch 0.
-- The turn is a name that was never used before: what the leader asked under another one comes too late.
-- KEYS: run, epoch, pages, turn  ARGV: run id, epoch, turn
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local current = redis.call('GET', KEYS[2])
if not current then return {'lost'} end
if tonumber(current) > tonumber(ARGV[2]) then return {'fenced'} end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('SET', KEYS[4], ARGV[3])
return {'ok', redis.call('GET', KEYS[3]) or '0'}
