#!lua flags=no-writes
-- Tells what waits where, and for how long: streams, the put-aside jobs, and each push queue that holds entries.
-- KEYS: run, queues, results, launches, dead letters, later  ARGV: run id, prefix of the push streams, groups of
-- results, launches and push queues
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {'ok'}
local function tell(name, length, since)
  found[#found + 1] = name
  found[#found + 1] = tostring(length)
  found[#found + 1] = tostring(since and math.max(0, now - since) or 0)
end
-- What is claimed is older than what is not, and asking for its id alone spares its bytes.
local function oldest(stream, group)
  local claimed = group and redis.pcall('XPENDING', stream, group)
  local id = claimed and not claimed.err and claimed[1] > 0 and claimed[2]
  local first = not id and redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  return tonumber(string.match(id or (first and first[1]) or '', '^%d+'))
end
local function look(name, stream, group)
  local length = redis.call('XLEN', stream)
  if length > 0 then tell(name, length, oldest(stream, group)) end
end
look('results', KEYS[3], ARGV[3])
look('launches', KEYS[4], ARGV[4])
look('dead_letters', KEYS[5], nil)
local first = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
tell('later', redis.call('ZCARD', KEYS[6]), tonumber(first[2]))
for _, name in ipairs(redis.call('SMEMBERS', KEYS[2])) do
  look('push:' .. name, ARGV[2] .. name, ARGV[5])
end
return found
