#!/usr/bin/env bash
# nginx's cache takes none of a 304's fields into the answer that it keeps.
#
# Version:  nginx 1.22.1 (Debian 12), `proxy_cache_revalidate on`.
# Expected: a 304 to the cache's own If-None-Match updates the fields of the kept answer: a client that asks gets the body
#           kept and the fields of the 304 (RFC 9111, sections 3.2 and 4.3.4).
# Seen:     the answer is REVALIDATED and fresh again, but with the Access-Control-Expose-Headers and Cache-Control of
#           the first 200, though the 304 had others. Only the time for which it stays fresh is taken from the 304.
# Why here: after a change of CORS rules, objects that did not change keep the old Access-Control fields in such a
#           cache for as long as their ETag lives: no expiry brings the new rules to browsers, only a purge or a new
#           object does.
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
timeout 120 apt-get -qq download 'nginx=1.22.1-*' 2>/dev/null
dpkg -x nginx_1.22.1-*.deb nginx

origin_port=$(free_port)
cat >origin.py <<'PY'
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Origin(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        known = self.headers.get('If-None-Match') == '"1"'
        self.send_response(304 if known else 200)
        self.send_header('ETag', '"1"')
        self.send_header('Cache-Control', 'max-age=3600' if known else 'max-age=1')
        self.send_header('Access-Control-Allow-Origin', '*')
        self.send_header('Access-Control-Expose-Headers', 'ETag' if known else 'Content-Type')
        if not known: self.send_header('Content-Length', '2')
        self.end_headers()
        if not known: self.wfile.write(b'ok')
    def log_message(self, *_): pass
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Origin).serve_forever()
PY
python3 origin.py "$origin_port" &
pids+=($!)

port=$(free_port)
cat >nginx.conf <<CONF
daemon off;
pid $folder/nginx.pid;
error_log $folder/error.log;
events {}
http {
  access_log off;
  client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;
  proxy_cache_path $folder/cache keys_zone=objects:1m;
  server {
    listen 127.0.0.1:$port;
    location / { proxy_pass http://127.0.0.1:$origin_port; proxy_cache objects; proxy_cache_revalidate on; add_header X-Cache \$upstream_cache_status; }
  }
}
CONF
nginx/usr/sbin/nginx -e "$folder/error.log" -c "$folder/nginx.conf" &
pids+=($!)
wait_for "$origin_port"
wait_for "$port"

ask() {
  curl -sS --noproxy '*' -m 10 -o answer -D - "http://127.0.0.1:$port/object" | tr -d '\r' |
    sed -nE 's/^(X-Cache|Cache-Control|Access-Control-Expose-Headers): //p' | tr '\n' ' '
}

first=$(ask)
sleep 2.5
second=$(ask)
sleep 2.5
third=$(ask)
printf '%s\n' "first answer:            $first" "after the 304:           $second" "2.5 s after the 304:     $third"
[ "$first" = 'max-age=1 Content-Type MISS ' ] || fail 'the first answer is not the 200 of the server'
[ "$second" = 'max-age=1 Content-Type REVALIDATED ' ] || fail 'the answer after the 304 is not the old one'
[ "$third" = 'max-age=1 Content-Type HIT ' ] || fail 'the 304 did not make the answer fresh for an hour, or its fields are taken'
