#!lua
-- Invariant: a journal is created once, under the run id that MariaDB knows; an existing one is never touched.
-- KEYS: run, epoch, launches, results  ARGV: run id, launch group, result group
local run = redis.call('GET', KEYS[1])
if run then
  if run == ARGV[1] then return {'already'} end
  return {'lost'}
end
redis.call('SET', KEYS[2], '0')
redis.call('XGROUP', 'CREATE', KEYS[3], ARGV[2], '0', 'MKSTREAM')
redis.call('XGROUP', 'CREATE', KEYS[4], ARGV[3], '0', 'MKSTREAM')
redis.call('SET', KEYS[1], ARGV[1])
return {'ok'}
