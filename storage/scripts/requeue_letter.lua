#!lua
-- Invariant: a dead letter leaves the list in the same step in which what is left of it enters its stream again, with
-- no strikes; whoever comes second finds it gone and adds nothing.
-- KEYS: run, dead letters, stream, queues  ARGV: run id, letter, field, payload (empty = nothing is left), queue (empty =
-- results), group
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if redis.call('XLEN', KEYS[2]) == 0 or #redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2]) == 0 then return {'already'} end
if ARGV[4] ~= '' then
  if redis.call('EXISTS', KEYS[3]) == 0 then redis.call('XGROUP', 'CREATE', KEYS[3], ARGV[6], '0', 'MKSTREAM') end
  if ARGV[5] ~= '' then redis.call('SADD', KEYS[4], ARGV[5]) end
  redis.call('XADD', KEYS[3], '*', ARGV[3], ARGV[4])
end
redis.call('XDEL', KEYS[2], ARGV[2])
return {'ok'}
