-- wrk posts what the other clients post, and ends with a report of the same form.
-- Without a `request` function it builds the request once and runs no Lua while it measures.

function init(arguments)
  wrk.method = "POST"
  wrk.headers["API-Key"] = arguments[1]
  wrk.headers["On-Behalf-Of"] = "se-100000"
  wrk.headers["Accept"] = "application/json"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Content-Length"] = "0"
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '{"mints": %d, "warm_up_mints": 0, "failures": %d, "wall_us": %d, ' ..
    '"p50_us": %d, "p90_us": %d, "p99_us": %d, "p99_9_us": %d, "max_us": %d}\n',
    summary.requests, failures, summary.duration,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end
