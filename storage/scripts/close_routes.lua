#!lua flags=allow-oom
-- Invariant: only the leader says which routes have no credential.
-- KEYS: run, epoch, credentials  ARGV: run id, epoch, routes
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return {'fenced'} end
redis.call('HSET', KEYS[3], 'closed', ARGV[3])
return {'ok'}
