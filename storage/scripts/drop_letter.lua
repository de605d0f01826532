#!lua flags=allow-oom
-- Invariant: a dead letter leaves the list in the same step in which its targets' results enter the journal; whoever
-- comes second finds it gone and adds nothing.
-- KEYS: run, dead letters, results, outstanding  ARGV: run id, letter, targets, results payload, account (empty = the
-- targets are not outstanding any more), queue
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
if #redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2]) == 0 then return {'already'} end
if tonumber(ARGV[3]) > 0 then
  redis.call('XADD', KEYS[3], '*', 'r', ARGV[4])
  if ARGV[5] ~= '' then
    local left = redis.call('HINCRBY', KEYS[4], ARGV[5], -ARGV[3])
    if left <= 0 and ARGV[5] ~= ARGV[6] then redis.call('HDEL', KEYS[4], ARGV[5]) end
  end
end
redis.call('XDEL', KEYS[2], ARGV[2])
return {'ok'}
