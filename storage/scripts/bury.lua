#!lua flags=allow-oom
-- Invariant: an entry that cannot be read leaves its stream only into the dead letters, in one step.
-- KEYS: run, stream, dead letters, progress  ARGV: run id, group, entry, consumer, reason
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local claim = redis.call('XPENDING', KEYS[2], ARGV[2], ARGV[3], ARGV[3], 1)[1]
if not claim or claim[2] ~= ARGV[4] then return {'fenced'} end
local body = redis.call('XRANGE', KEYS[2], ARGV[3], ARGV[3])[1]
redis.call('XADD', KEYS[3], '*', 'stream', KEYS[2], 'id', ARGV[3], 'body', body and body[2][2] or '', 'owner', ARGV[4],
           'reason', ARGV[5], 'progress', redis.call('HGET', KEYS[4], ARGV[3]) or '')
redis.call('HDEL', KEYS[4], ARGV[3], ARGV[3] .. ':seq', ARGV[3] .. ':seen', ARGV[3] .. ':strikes')
redis.call('XACK', KEYS[2], ARGV[2], ARGV[3])
redis.call('XDEL', KEYS[2], ARGV[3])
return {'ok'}
