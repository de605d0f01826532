#!lua flags=allow-oom
-- Invariant: a journal that is to be rebuilt changes its name before anything else of it changes, so that whoever
-- worked with it is refused; only the newest leader does so, and another installation's journal is left alone.
-- KEYS: run, epoch  ARGV: next run id, epoch, installation
local run = redis.call('GET', KEYS[1])
if run and run ~= ARGV[3] and string.sub(run, 1, #ARGV[3] + 1) ~= ARGV[3] .. '.' then return {'foreign'} end
local epoch = redis.call('GET', KEYS[2])
if epoch and tonumber(epoch) > tonumber(ARGV[2]) then return {'fenced'} end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('SET', KEYS[1], ARGV[1])
return {'ok'}
