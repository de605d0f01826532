-- wrk's script: what each connection asks. Arguments: call (put, device, notification, launch), API key, id, first number.
local call, key, id, first = "", "", "", 0
local thread_count = 0

function setup(thread)
  thread:set("thread_number", thread_count)
  thread_count = thread_count + 1
end

function init(arguments)
  call, key, id, first = arguments[1], arguments[2], arguments[3], tonumber(arguments[4])
  number = first + thread_number * 10000000
  headers = {["Authorization"] = "Bearer " .. key, ["Content-Type"] = "application/json"}
end

function request()
  number = number + 1
  if call == "put" then
    local name = "bench-" .. number
    return wrk.format("PUT", "/v1/devices/" .. name, headers, '{"gateway":"fcm","platform":"android","push_token":"token-' .. name ..
                      '","user_id":"u-' .. number .. '","locale":"en-GB","properties":{"plan":"pro","level":' .. number % 50 .. '}}')
  elseif call == "launch" then
    return wrk.format("POST", "/v1/notifications", headers, '{"content":{"title":"Hello","data":{"notification":"bench"}},"lane":"transactional",' ..
                      '"audience":{"device_ids":["d-' .. number % 1000 .. '"]},"launch":true}')
  end
  return wrk.format("GET", id, headers)
end

function response(status, _, body)
  if status ~= 200 and status ~= 201 then
    print("refused: " .. status .. " " .. string.sub(body, 1, 200))
    wrk.thread:stop()
  end
end

function done(summary, latency)
  local faults = summary.errors
  print(string.format('RESULT {"calls": %d, "seconds": %.3f, "p50_ms": %.2f, "p99_ms": %.2f, "failed": %d}', summary.requests,
                      summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
                      faults.connect + faults.read + faults.write + faults.status + faults.timeout))
end
