#!lua flags=allow-oom
-- Invariant: a notification's keys go only when nothing of it is pending.
-- KEYS: run, pending, control, then for each step: fan-out state, content
-- ARGV: run id, number of steps, then each one's notification
-- Gives each step's status: ok, or pending and how much.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local function step(state, content, notification)
  local pending = redis.call('HGET', KEYS[2], notification)
  if pending and tonumber(pending) ~= 0 then return {'pending', pending} end
  redis.call('HDEL', KEYS[2], notification)
  redis.call('UNLINK', state, content)
  if redis.call('HDEL', KEYS[3], notification) == 1 then redis.call('HINCRBY', KEYS[3], 'version', 1) end
  return {'ok'}
end
-- PART: replies
for i = 1, tonumber(ARGV[2]) do
  add_reply_of(step, KEYS[2 + 2 * i], KEYS[3 + 2 * i], ARGV[2 + i])
end
return reply
