#!/usr/bin/env bash
# Squid's own 304 leaves out ETag, Vary and every Access-Control field of the answer that it keeps.
#
# Version:  Squid 5.7 (Debian 12) as an accelerator, nothing tuned.
# Expected: a 304 has the ETag, Vary, Cache-Control, Date, Expires and Content-Location that the 200 to the same request
#           would have had (RFC 9110, section 15.4.5, a MUST).
# Seen:     the kept 200 has ETag, Vary and Access-Control-Allow-Origin; Squid's 304 to an If-None-Match with that very
#           ETag has none of the three.
# Why here: a test or an alert that asks every answer behind a cache for its CORS fields is wrong on 304; and a cache
#           behind this one cannot tell by its ETag which of its kept answers the 304 is about.
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
        self.send_response(200)
        self.send_header('ETag', '"1"')
        self.send_header('Cache-Control', 'max-age=3600')
        self.send_header('Vary', 'Origin')
        self.send_header('Access-Control-Allow-Origin', self.headers.get('Origin', '*'))
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

# The status and the fields of an answer that matter here.
ask() {
  curl -sS --noproxy '*' -m 10 -o answer -D - -H 'Origin: https://app.example' "$@" "http://127.0.0.1:$port/object" | tr -d '\r' |
    sed -nE 's/^HTTP\/1.1 ([0-9]+).*/\1/p; s/^(ETag|Vary|Access-Control-Allow-Origin|Cache-Control): .*/\1/p; s/^X-Cache: (\w+).*/\1/p' |
    LC_ALL=C sort | tr '\n' ' '
}

ask >first
kept=$(ask)
conditional=$(ask -H 'If-None-Match: "1"')
printf '%s\n' "kept 200: $kept" "304:      $conditional"
[ "$kept" = '200 Access-Control-Allow-Origin Cache-Control ETag HIT Vary ' ] || fail 'the 200 is not a kept one with all its fields'
[ "$conditional" = '304 Cache-Control HIT ' ] || fail 'the 304 has other fields than Cache-Control now'
