#!/usr/bin/env bash
# Prometheus 3 stores `le="1"` of a classic histogram as `le="1.0"`: a query for `le="1"` finds nothing.
#
# Version:  Prometheus 3.16.0 (Go module github.com/prometheus/prometheus v0.316.0), scraping the text format.
# Expected: a label value is stored as the target wrote it, as Prometheus 2 did with this format.
# Seen:     of the buckets "0.5", "1", "2.5" and "+Inf", `le="1"` is stored as `le="1.0"` and the others as written. The
#           query with `le="1"` gives an empty result, which is no error. (The manual says so under "Migration".)
# Why here: an alert or a panel that takes the share of requests within a second from `le="1"` is silent for ever on
#           Prometheus 3, and one with `le="1.0"` on Prometheus 2. Bounds such as 0.5, or the matcher
#           `le=~"1(\\.0)?"`, are right on both.
set -euo pipefail

folder=$(mktemp -d)
pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap stop EXIT
fail() { echo "CHANGED: $1" >&2; exit 1; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

cd "$folder"
mkdir build
# Without the ways to find targets in clouds, which are most of the program.
(
  cd build
  go mod init prometheus-3
  timeout 300 go get github.com/prometheus/prometheus/cmd/prometheus@v0.316.0
  CGO_ENABLED=0 timeout 1200 go build -trimpath -tags remove_all_sd -o ../prometheus github.com/prometheus/prometheus/cmd/prometheus
) >build.log 2>&1 || { tail -n 5 build.log >&2; exit 1; }

target=$(free_port)
cat >target.py <<'PY'
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
METRICS = b'''# HELP request_seconds Time of requests.
# TYPE request_seconds histogram
request_seconds_bucket{le="0.5"} 1
request_seconds_bucket{le="1"} 2
request_seconds_bucket{le="2.5"} 3
request_seconds_bucket{le="+Inf"} 3
request_seconds_sum 3
request_seconds_count 3
'''
class Target(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
        self.send_header('Content-Length', str(len(METRICS)))
        self.end_headers()
        self.wfile.write(METRICS)
    def log_message(self, *_): pass
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Target).serve_forever()
PY
python3 target.py "$target" &
pids+=($!)

port=$(free_port)
cat >prometheus.yml <<YML
global: { scrape_interval: 1s }
scrape_configs: [{ job_name: target, static_configs: [{ targets: ['127.0.0.1:$target'] }] }]
YML
./prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address="127.0.0.1:$port" >server.log 2>&1 &
pids+=($!)

# The bounds of the buckets that a query finds.
bounds() {
  curl -sS --noproxy '*' -m 10 -G --data-urlencode "query=$1" "http://127.0.0.1:$port/api/v1/query" 2>curl.log |
    python3 -c 'import json, sys; print(*sorted(s["metric"]["le"] for s in json.load(sys.stdin)["data"]["result"]))' 2>python.log
}

all=
for _ in $(seq 120); do
  all=$(bounds request_seconds_bucket) || true
  [ -z "$all" ] || break
  sleep 0.5
done
integer=$(bounds 'request_seconds_bucket{le="1"}')
float=$(bounds 'request_seconds_bucket{le="1.0"}')
either=$(bounds 'request_seconds_bucket{le=~"1(\\.0)?"}')
printf '%s\n' "stored: $all" "le=\"1\": ${integer:-nothing}" "le=\"1.0\": $float" "le=~\"1(\\\\.0)?\": $either"
[ "$all" = '+Inf 0.5 1.0 2.5' ] || fail 'the buckets are stored with other bounds'
[ -z "$integer" ] || fail 'le="1" finds a bucket now'
[ "$float" = 1.0 ] || fail 'le="1.0" finds no bucket'
[ "$either" = 1.0 ] || fail 'the matcher for both finds no bucket'
