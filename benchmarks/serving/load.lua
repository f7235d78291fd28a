-- For wrk: sends the bodies of a folder in turns, and prints what came of it as one line of JSON.
-- With RATE, requests leave on a schedule (that many a second and thread) whether or not answers are late.
local bodies, requests, turn = os.getenv("BODIES"), {}, 0
local rate = tonumber(os.getenv("RATE"))

function init()
  for number = 0, tonumber(os.getenv("COUNT")) - 1 do
    local file = assert(io.open(bodies .. "/" .. number, "rb"))
    local headers = { ["Content-Type"] = os.getenv("CONTENT_TYPE"), ["Accept"] = "application/json" }
    requests[number + 1] = wrk.format("POST", nil, headers, file:read("*a"))
    file:close()
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

if rate then
  local ffi = require("ffi")
  ffi.cdef([[ typedef struct { long s; long ns; } moment; int clock_gettime(int, moment *); ]])
  local moment, slot, behind = ffi.new("moment"), nil, 0
  function delay()
    ffi.C.clock_gettime(1, moment)
    local now = tonumber(moment.s) * 1000 + tonumber(moment.ns) / 1e6
    slot = (slot or now) + 1000 / rate
    behind = math.max(behind, now - slot)
    wrk.thread:set("behind", behind)
    return math.max(0, slot - now)
  end
end

local threads = {}
function setup(thread)
  table.insert(threads, thread)
end

function done(summary, latency)
  local errors, behind = summary.errors, 0
  for _, thread in ipairs(threads) do
    behind = math.max(behind, thread:get("behind") or 0)
  end
  local line = '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"p999":%d,"max":%d,"behind":%.1f,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n'
  io.write(line:format(summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), latency.max, behind, errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
