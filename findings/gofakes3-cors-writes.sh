#!/usr/bin/env bash
# gofakes3 takes requests about a bucket's CORS rules for requests about the bucket: DeleteBucketCors deletes it when it is empty.
#
# Version:  gofakes3 1.2.0 (Go module github.com/johannesboyne/gofakes3), `-backend memory`; curl.
# Expected: a server without CORS rules says so: 501 NotImplemented, or 404 NoSuchCORSConfiguration to GetBucketCors.
# Seen:     GET ?cors lists the bucket (200 ListBucketResult), PUT ?cors is CreateBucket (200 and a new bucket where there was none,
#           409 where there was one), DELETE ?cors is DeleteBucket (204, and an empty bucket is gone).
# Why here: a tool that clears CORS rules before it sets new ones (Terraform, `aws s3api delete-bucket-cors`) deletes an empty bucket.
#           A proxy that lets such writes through has to find out first, by GET ?cors, that the server does not know the operation.
set -euo pipefail

folder=$(mktemp -d)
pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap stop EXIT
fail() { echo "CHANGED: $1" >&2; exit 1; }

cd "$folder"
GOBIN=$folder CGO_ENABLED=0 timeout 600 go install github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0 >build.log 2>&1 ||
  { tail -n 5 build.log >&2; exit 1; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
./gofakes3 -backend memory -host "127.0.0.1:$port" >server.log 2>&1 &
pids+=($!)
for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done

rules='<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://app.example</AllowedOrigin></CORSRule></CORSConfiguration>'
ask() {
  local said
  said=$(curl -sS --noproxy '*' --max-time 10 -o body -w '%{http_code}' -X "$1" "http://127.0.0.1:$port/$2" "${@:3}")
  echo "$1 /$2: $said$(grep -oE '<(ListBucketResult|Code>[A-Za-z]+)' body | head -n 1 | sed 's/.*[<>]/ /')"
}
seen=$(
  ask PUT photos
  ask GET 'photos?cors'
  ask PUT 'photos?cors' -d "$rules"
  ask GET new
  ask PUT 'new?cors' -d "$rules"
  ask GET new
  ask DELETE 'photos?cors'
  ask GET photos
)
echo "$seen"
diff <(echo "$seen") - >&2 <<'SEEN' || fail 'gofakes3 answers otherwise than it did'
PUT /photos: 200
GET /photos?cors: 200 ListBucketResult
PUT /photos?cors: 409 BucketAlreadyExists
GET /new: 404 NoSuchBucket
PUT /new?cors: 200
GET /new: 200 ListBucketResult
DELETE /photos?cors: 204
GET /photos: 404 NoSuchBucket
SEEN
