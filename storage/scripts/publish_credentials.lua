#!lua flags=allow-oom
-- Invariant: version, index and sealed texts change together; an older version never replaces a newer one, but
-- for the leader, who knows that MariaDB went back to an older one.
-- KEYS: run, epoch, credentials, sealed  ARGV: run id, epoch (0 = not the leader), version, index, then pairs of
-- id and sealed text
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local current = tonumber(redis.call('HGET', KEYS[3], 'version') or '0')
local version = tonumber(ARGV[3])
if current == version then return {'ok'} end
if ARGV[2] ~= '0' then
  if redis.call('GET', KEYS[2]) ~= ARGV[2] then return {'fenced'} end
elseif current > version then
  return {'ok'}
end
redis.call('DEL', KEYS[4])
for i = 5, #ARGV, 2 do
  redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1])
end
redis.call('HSET', KEYS[3], 'version', ARGV[3], 'index', ARGV[4])
return {'ok'}
