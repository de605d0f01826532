#!lua flags=allow-oom
-- Invariant: a process that lives has a heartbeat and a record; both are written in one step.
-- KEYS: heartbeat, nodes, nodes seen  ARGV: process, record, lifetime in ms
local now = redis.call('TIME')
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[3])
local fresh = redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[3], ARGV[1], now[1] * 1000 + math.floor(now[2] / 1000))
return {'ok', fresh}
