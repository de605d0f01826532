#!lua flags=allow-oom
-- Invariant: a rebuilt journal begins with empty streams; what nodes said of their credentials is not forgotten, and
-- what they have said meanwhile stands.
-- KEYS: run, pages, launches, results, configured  ARGV: run id, launch group, result group, then node and text each
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
redis.call('SET', KEYS[2], '0')
redis.pcall('XGROUP', 'CREATE', KEYS[3], ARGV[2], '0', 'MKSTREAM')
redis.pcall('XGROUP', 'CREATE', KEYS[4], ARGV[3], '0', 'MKSTREAM')
for at = 4, #ARGV, 2 do redis.call('HSETNX', KEYS[5], ARGV[at], ARGV[at + 1]) end
return {'ok'}
