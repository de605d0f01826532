#!lua flags=no-writes
-- Names the push queues that hold entries, claimed ones included.
-- KEYS: run, queues  ARGV: run id, prefix of the streams
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local busy = {'ok'}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  if redis.call('XLEN', ARGV[2] .. name) > 0 then busy[#busy + 1] = name end
end
return busy
