-- Of a script of many steps: a reply for each, and one that fails stops no other.
local reply = {'ok'}
local function add_reply_of(step, ...)
  local good, made = pcall(step, ...)
  reply[#reply + 1] = good and made or {'failed', type(made) == 'table' and made.err or made}
end
