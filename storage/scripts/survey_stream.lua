#!lua flags=no-writes
-- Invariant: nothing is changed.
-- KEYS: stream  ARGV: group, heartbeat key prefix
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local length = redis.call('XLEN', KEYS[1])
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local age = first and now - tonumber(string.match(first[1], '^%d+')) or 0
local groups = redis.pcall('XPENDING', KEYS[1], ARGV[1])
local reply = {'ok', tostring(length), tostring(age), tostring(groups.err and 0 or groups[1])}
for _, owner in ipairs(groups.err and {} or groups[4] or {}) do
  local node = string.match(owner[1], '^([^/]+/[^/]+)/') or ''
  local oldest = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, owner[1])[1]
  reply[#reply + 1] = {owner[1], owner[2], tostring(redis.call('EXISTS', ARGV[2] .. node)), tostring(oldest and oldest[3] or 0)}
end
return reply
