#!lua flags=allow-oom
-- Invariant: a claim changes hands only when its owner's heartbeat is gone (or it is our own and we do not know of it:
-- from before a restart, or its reply was lost); its delivery count rises, so that a commit of the former owner is refused.
-- A claim that ended without progress is a strike, unless the batch only waited; after the last strike the entry is a dead letter.
-- KEYS: run, stream, progress, dead letters
-- ARGV: run id, group, consumer, heartbeat key prefix (empty = only our own claims are looked for), most entries, last strike,
--       then the entries that the consumer knows to hold: those are left alone
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'lost'} end
local reply = {'ok'}
local alive, known, buried = {}, {}, {}
for at = 7, #ARGV do known[ARGV[at]] = true end
local function lives(node)
  local heartbeat = ARGV[4] .. node
  local left = redis.call('PTTL', heartbeat)
  if left < 0 then return false end
  -- Redis's clock was set back: who died before would seem to live until that clock has caught up. (Earlier versions
  -- say 1 for their lifetime.)
  local lifetime = tonumber(redis.call('GET', heartbeat))
  if lifetime > 1 and left > lifetime then redis.call('PEXPIRE', heartbeat, lifetime) end
  return true
end
local function keeps_its_claims(consumer)
  if consumer == ARGV[3] then return false end
  if ARGV[4] == '' then return true end
  local node = string.match(consumer, '^([^/]+/[^/]+)/')
  if not node then return false end
  if alive[node] == nil then alive[node] = lives(node) end
  return alive[node]
end
local consumers = redis.call('XINFO', 'CONSUMERS', KEYS[2], ARGV[2])
for _, info in ipairs(consumers) do
  local name, pending = info[2], info[4]
  if not keeps_its_claims(name) then
    local left = tonumber(ARGV[5]) - (#reply - 1)
    local entries = {}
    if pending > 0 and left > 0 then
      entries = redis.call('XPENDING', KEYS[2], ARGV[2], '-', '+', left + #ARGV - 6, name)
    end
    for _, entry in ipairs(entries) do
      local id = entry[1]
      local body = redis.call('XRANGE', KEYS[2], id, id)[1]
      local state = redis.call('HMGET', KEYS[3], id, id .. ':seq', id .. ':seen', id .. ':strikes')
      local sequence, seen = state[2] or '0', state[3] or '0'
      local strikes = tonumber(state[4] or '0')
      if sequence == seen then strikes = strikes + 1 elseif seen ~= 'waits' then strikes = 0 end
      if known[id] then
        -- This claim is in good hands.
      elseif not body then
        redis.call('XACK', KEYS[2], ARGV[2], id)
        redis.call('HDEL', KEYS[3], id, id .. ':seq', id .. ':seen', id .. ':strikes')
      elseif strikes >= tonumber(ARGV[6]) then
        redis.call('XADD', KEYS[4], '*', 'stream', KEYS[2], 'id', id, 'body', body[2][2], 'owner', entry[2],
                   'reason', 'claimed ' .. strikes .. ' times without progress', 'progress', state[1] or '')
        buried[#buried + 1] = {id}
        redis.call('XACK', KEYS[2], ARGV[2], id)
        redis.call('XDEL', KEYS[2], id)
        redis.call('HDEL', KEYS[3], id, id .. ':seq', id .. ':seen', id .. ':strikes')
      else
        redis.call('XCLAIM', KEYS[2], ARGV[2], ARGV[3], '0', id, 'RETRYCOUNT', entry[4] + 1)
        redis.call('HSET', KEYS[3], id .. ':seen', sequence, id .. ':strikes', strikes)
        reply[#reply + 1] = {id, body[2][2], tostring(entry[4] + 1), sequence, tostring(strikes), state[1] or ''}
      end
    end
    if name ~= ARGV[3] and #redis.call('XPENDING', KEYS[2], ARGV[2], '-', '+', 1, name) == 0 then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[2], ARGV[2], name)
    end
  end
end
for _, each in ipairs(buried) do reply[#reply + 1] = each end
return reply
