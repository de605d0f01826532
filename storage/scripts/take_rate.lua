#!lua flags=allow-oom
-- Invariant: all senders together are granted no more than the rate, never more than 200 ms of it at once. A full Redis
-- must not keep it from them: it is by sending that it drains.
-- KEYS: run, bucket  ARGV: run id, pushes a minute, seconds of the ramp, wanted
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rate, ramp, wanted = ARGV[2] / 60000, ARGV[3] * 1000, tonumber(ARGV[4])
local known = redis.call('HMGET', KEYS[2], 'tokens', 'at', 'warm_since')
local tokens, at, warm_since = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or now)
-- A clock that was set back would else hold everything up until it is where it was.
if now < at then at, warm_since = now, math.min(warm_since, now) end
if now - at > 60000 then
  tokens, at, warm_since = 1, now, now
end
local level = 1
if ramp > 0 then level = math.min(1, 0.1 + 0.9 * (now - warm_since) / ramp) end
tokens = math.min(tokens + rate * level * (now - at), math.max(1, rate * level * 200))
local granted = math.min(math.floor(tokens), wanted)
tokens = tokens - granted
redis.call('HSET', KEYS[2], 'tokens', tostring(tokens), 'at', now, 'warm_since', warm_since)
redis.call('PEXPIRE', KEYS[2], 3600000)
local wait = 0
if granted < wanted then
  local next = math.max(1, math.min(wanted - granted, rate * level * 50))
  wait = math.max(1, math.ceil((next - tokens) / (rate * level)))
end
return {'ok', granted, wait}
