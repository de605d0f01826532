#!lua flags=allow-oom
-- Invariant: only who rebuilds the journal drops what an earlier generation left.
-- KEYS: run, then those to drop  ARGV: run id
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
for at = 2, #KEYS do redis.call('UNLINK', KEYS[at]) end
return {'ok'}
