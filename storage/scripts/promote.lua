#!lua flags=allow-oom
-- Invariant: a job that is put aside is in exactly one place; it moves to its stream in one step, once it is due.
-- KEYS: run, later (due times), later (jobs)  ARGV: run id, key prefix of push streams, most jobs
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[3])
for _, name in ipairs(due) do
  local job = redis.call('HGET', KEYS[3], name)
  if job then
    local cut = string.find(job, '\n', 1, true)
    redis.call('XADD', ARGV[2] .. string.sub(job, 1, cut - 1), '*', 'b', string.sub(job, cut + 1))
    redis.call('HDEL', KEYS[3], name)
  end
  redis.call('ZREM', KEYS[2], name)
end
local next = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
return {'ok', tostring(#due), next[2] or '0', tostring(now)}
