#!lua flags=allow-oom
-- Invariant: who died is listed as not alive until it is forgotten; only who has no heartbeat is ever forgotten.
-- KEYS: nodes, nodes seen  ARGV: heartbeat key prefix, ms after which the dead are forgotten
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reply = {'ok'}
local records = redis.call('HGETALL', KEYS[1])
for at = 1, #records, 2 do
  local process = records[at]
  local alive = redis.call('EXISTS', ARGV[1] .. process)
  local age = now - tonumber(redis.call('HGET', KEYS[2], process) or '0')
  if alive == 0 and age > tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[1], process)
    redis.call('HDEL', KEYS[2], process)
  else
    reply[#reply + 1] = {process, records[at + 1], tostring(age), tostring(alive)}
  end
end
return reply
