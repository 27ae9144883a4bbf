#!/usr/bin/env bash
# nginx's cache knows one Vary per URL: two answers whose Vary differs push each other out.
#
# Version:  nginx 1.22.1 (Debian 12), proxy_cache with proxy_pass, nothing tuned.
# Expected: each kept answer is matched by its own Vary (RFC 9111, section 4.1), so that both variants of a URL hit
#           after they were fetched once.
# Seen:     asked by turns, each of the two misses for ever (MISS MISS MISS ...), though both may be kept for an hour.
#           With the same Vary on both answers all but the first of each hit.
# Why here: a server often names more fields in the Vary of an answer to a cross-origin request. Behind such a cache,
#           clients without an Origin turn the cache off for every browser. A CORS proxy has to send the same Vary
#           on every answer of a URL.
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
        origin = self.headers.get('Origin')
        self.send_response(200)
        self.send_header('Cache-Control', 'max-age=3600')
        longer = self.path == '/same' or origin is not None
        self.send_header('Vary', 'Origin, Accept-Encoding' if longer else 'Origin')
        if origin is not None: self.send_header('Access-Control-Allow-Origin', origin)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')
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
    location / { proxy_pass http://127.0.0.1:$origin_port; proxy_cache objects; add_header X-Cache \$upstream_cache_status; }
  }
}
CONF
nginx/usr/sbin/nginx -e "$folder/error.log" -c "$folder/nginx.conf" &
pids+=($!)
wait_for "$origin_port"
wait_for "$port"

# Asks for a path six times, by turns without and with an Origin, and prints what the cache says of each.
by_turns() {
  local seen=() turn
  for turn in 1 2 3; do
    seen+=("$(ask "$1")" "$(ask "$1" -H 'Origin: https://app.example')")
  done
  echo "${seen[*]}"
}
ask() { curl -sS --noproxy '*' -m 10 -o answer -D - "http://127.0.0.1:$port$1" "${@:2}" | tr -d '\r' | sed -n 's/^X-Cache: //p'; }

same=$(by_turns /same)
differs=$(by_turns /differs)
echo "one Vary for the URL:  $same"
echo "two Varys for the URL: $differs"
[ "$same" = 'MISS MISS HIT HIT HIT HIT' ] || fail 'answers with one Vary were expected to hit after the first of each'
[ "$differs" = 'MISS MISS MISS MISS MISS MISS' ] || fail 'answers with two Varys now hit'
