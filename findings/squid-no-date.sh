#!/usr/bin/env bash
# Squid keeps no answer that has no Date.
#
# Version:  Squid 5.7 (Debian 12) as an accelerator, nothing tuned.
# Expected: a server without a clock may leave Date out; a recipient that keeps such an answer records the time at which
#           it came as its Date (RFC 9110, section 6.6.1). With `Cache-Control: max-age=3600` it is fresh for an hour.
# Seen:     MISS on every request. The same answer with a Date hits from the second request on.
# Why here: a proxy that takes over an upstream's fields and adds no Date of its own switches such a cache off
#           altogether, with no error anywhere; a small test server without Date makes a cache test pass or fail for
#           the wrong reason.
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
wait_for() {
  for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.1; done
  fail "nothing listens on port $1"
}

cd "$folder"
chmod 755 "$folder"
timeout 200 apt-get -qq download 'squid=5.7-*' 'squid-common=5.7-*' libecap3 libltdl7 libnetfilter-conntrack3 libnfnetlink0 squid-langpack 2>/dev/null
for package in *.deb; do dpkg -x "$package" debian; done

origin_port=$(free_port)
cat >origin.py <<'PY'
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Origin(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        self.send_response_only(200)
        if self.path == '/dated': self.send_header('Date', self.date_time_string())
        self.send_header('Cache-Control', 'max-age=3600')
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')
    def log_message(self, *_): pass
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Origin).serve_forever()
PY
python3 origin.py "$origin_port" &
pids+=($!)
# Squid asks its peer once at the start and takes it for dead if it does not listen yet.
wait_for "$origin_port"

port=$(free_port)
cat >squid.conf <<CONF
http_port 127.0.0.1:$port accel defaultsite=localhost
cache_peer 127.0.0.1 parent $origin_port 0 no-query no-digest no-netdb-exchange originserver
http_access allow all
never_direct allow all
cache_mem 16 MB
memory_cache_shared off
mime_table $folder/debian/usr/share/squid/mime.conf
icon_directory $folder/debian/usr/share/squid/icons
error_directory $folder/debian/usr/share/squid-langpack/templates
access_log none
cache_log $folder/run/squid.log
cache_store_log none
logfile_rotate 0
pid_filename $folder/run/squid.pid
coredump_dir $folder/run
netdb_filename none
pinger_enable off
visible_hostname localhost
shutdown_lifetime 0 seconds
cache_effective_user nobody
CONF
mkdir run
[ "$(id -u)" != 0 ] || chown nobody run
LD_LIBRARY_PATH=$folder/debian/usr/lib/$(uname -m)-linux-gnu debian/usr/sbin/squid -N -f squid.conf 2>squid.err &
pids+=($!)
wait_for "$port"

# Asks three times for a path and prints what the cache says of each.
three_times() {
  local seen=() turn
  for turn in 1 2 3; do
    seen+=("$(curl -sS --noproxy '*' -m 10 -o answer -D - "http://127.0.0.1:$port$1" | tr -d '\r' | sed -nE 's/^X-Cache: (\w+).*/\1/p')")
  done
  echo "${seen[*]}"
}

dated=$(three_times /dated)
undated=$(three_times /undated)
printf '%s\n' "with Date:    $dated" "without Date: $undated"
[ "$dated" = 'MISS HIT HIT' ] || fail 'an answer with Date was expected to hit'
[ "$undated" = 'MISS MISS MISS' ] || fail 'an answer without Date is kept now'
