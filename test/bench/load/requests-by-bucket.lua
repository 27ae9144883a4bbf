-- Preflights for BUCKETS buckets in turn, each from an origin of the bucket's last rule: BUCKETS LAST_RULE
local requests = {}
local at = 0
local stride = 7919

function init(args)
  local buckets, last = tonumber(args[1]), tonumber(args[2])
  wrk.headers['Host'] = 'localhost'
  wrk.headers['Accept'] = '*/*'
  wrk.headers['Access-Control-Request-Method'] = 'PUT'
  wrk.headers['Access-Control-Request-Headers'] = 'authorization,content-type,x-amz-content-sha256,x-amz-date'
  for i = 0, buckets - 1 do
    wrk.headers['Origin'] = string.format('https://app-%d.media-%d.example', last, i)
    requests[i] = wrk.format('OPTIONS', string.format('/media-%d/1k', i))
  end
end

function request()
  at = (at + stride) % (#requests + 1)
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"badStatuses":%d,"socketErrors":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
