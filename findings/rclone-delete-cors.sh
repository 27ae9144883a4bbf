#!/usr/bin/env bash
# rclone's S3 server takes DeleteBucketCors with 204 and keeps sending its own CORS fields: it has no rules to delete.
#
# Version:  rclone 1.76.0 (Go module github.com/rclone/rclone), `rclone serve s3` over a local folder; boto3 1.44.5.
# Expected: what cannot be done is refused: as PutBucketCors is answered 501 NotImplemented, so is DeleteBucketCors. Or a
#           204 means what it means on S3: the bucket has no CORS rules from now on, and answers without CORS fields.
# Seen:     GetBucketCors 404 NoSuchCORSConfiguration, PutBucketCors 501 NotImplemented, DeleteBucketCors 204. Nothing
#           is deleted: bucket and object are there, and GetObject with an Origin has `Access-Control-Allow-Origin: *`
#           before the 204 and after it. (rclone's manual calls its CORS partial: any origin, no PutBucketCors.)
# Why here: the answers to GET and DELETE are those of a server that keeps rules and has none. A check that asks by them
#           whether an endpoint keeps CORS rules is wrong; PutBucketCors alone tells. And a proxy that applies rules of
#           its own has to take the server's CORS fields off the answer, whatever the server says of its rules.
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
python3 -m venv python
timeout 300 python/bin/pip install --quiet --disable-pip-version-check boto3==1.44.5

# Of rclone's backends the local folder alone: a whole build takes many times as long.
mkdir server
cat >server/main.go <<'GO'
package main

import (
	_ "github.com/rclone/rclone/backend/local"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/serve"
	_ "github.com/rclone/rclone/cmd/serve/s3"
)

func main() { cmd.Main() }
GO
(
  cd server
  go mod init rclone-serve-s3
  timeout 300 go get github.com/rclone/rclone@v1.76.0
  CGO_ENABLED=0 timeout 900 go build -trimpath -o ../rclone .
) >build.log 2>&1 || { tail -n 5 build.log >&2; exit 1; }

mkdir -p data/photos
echo ok >data/photos/object
port=$(free_port)
HOME=$folder ./rclone serve s3 --addr "127.0.0.1:$port" --auth-key test-access,test-secret-0123456789 data >server.log 2>&1 &
pids+=($!)
wait_for "$port"

cat >ask.py <<'PY'
import sys
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
s3 = boto3.client('s3', endpoint_url=f'http://127.0.0.1:{sys.argv[1]}', region_name='us-east-1',
                  aws_access_key_id='test-access', aws_secret_access_key='test-secret-0123456789',
                  config=Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1}, connect_timeout=10, read_timeout=10))
s3.meta.events.register('before-send.s3', lambda request, **_: request.headers.update(Origin='https://app.example'))
rules = {'CORSRules': [{'AllowedMethods': ['GET'], 'AllowedOrigins': ['https://other.example']}]}
def ask(call, **parameters):
    try:
        answer, code = call(Bucket='photos', **parameters), ''
    except ClientError as error:
        answer, code = error.response, ' ' + error.response['Error']['Code']
    said = answer['ResponseMetadata']
    return f"{said['HTTPStatusCode']}{code}", said['HTTPHeaders'].get('access-control-allow-origin', 'none')
for name, call, parameters in [
    ('GetBucketCors', s3.get_bucket_cors, {}),
    ('PutBucketCors', s3.put_bucket_cors, {'CORSConfiguration': rules}),
    ('GetObject', s3.get_object, {'Key': 'object'}),
    ('DeleteBucketCors', s3.delete_bucket_cors, {}),
    ('GetBucketCors', s3.get_bucket_cors, {}),
    ('GetObject', s3.get_object, {'Key': 'object'}),
]:
    status, origin = ask(call, **parameters)
    print(f'{name}: {status}' + (f', Access-Control-Allow-Origin {origin}' if name == 'GetObject' else ''))
PY
seen=$(NO_PROXY=127.0.0.1 HOME=$folder timeout 60 python/bin/python3 ask.py "$port")
echo "$seen"
diff <(echo "$seen") - >&2 <<'SEEN' || fail 'rclone answers otherwise than it did'
GetBucketCors: 404 NoSuchCORSConfiguration
PutBucketCors: 501 NotImplemented
GetObject: 200, Access-Control-Allow-Origin *
DeleteBucketCors: 204
GetBucketCors: 404 NoSuchCORSConfiguration
GetObject: 200, Access-Control-Allow-Origin *
SEEN
[ -s data/photos/object ] || fail 'the object is gone'
