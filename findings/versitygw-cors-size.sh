#!/usr/bin/env bash
# versitygw over a folder on ext4 keeps about 3.9 KB of CORS rules for a bucket: PutBucketCors with more is answered 500.
#
# Version:  versitygw 1.8.0 (Go module github.com/versity/versitygw), `versitygw posix` over a folder on ext4; boto3 1.44.5.
# Expected: a configuration of up to 64 KB and 100 rules is taken
#           (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html), or refused with a 4xx that says why.
# Seen:     20 rules are taken, 40 are 500 InternalError, and GetBucketCors gives the rules that were there before. The rules are kept in one
#           extended attribute of the bucket's folder, and all attributes of a file on ext4 have to fit into one block of 4,096 bytes;
#           with `--sidecar FOLDER` versitygw keeps them in files, and all 40 are taken.
# Why here: a 500 is tried again by every SDK, and says nothing of the size. Rules that were written for S3 or for another endpoint do not
#           fit, and a proxy that takes its rules from this server goes on with the old ones.
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
[ "$(stat -f -c %T .)" = ext2/ext3 ] || { echo "$folder is not on ext4: set TMPDIR to a folder that is" >&2; exit 2; }
python3 -m venv python
timeout 300 python/bin/pip install --quiet --disable-pip-version-check boto3==1.44.5
GOBIN=$folder CGO_ENABLED=0 timeout 900 go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 >build.log 2>&1 ||
  { tail -n 5 build.log >&2; exit 1; }

cat >ask.py <<'PY'
import sys
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
config = Config(s3={'addressing_style': 'path'}, retries={'max_attempts': 1}, connect_timeout=5, read_timeout=10)
client = boto3.client('s3', endpoint_url=f'http://127.0.0.1:{sys.argv[2]}', region_name='us-east-1',
                      aws_access_key_id='test-access', aws_secret_access_key='test-secret-0123456789', config=config)
client.create_bucket(Bucket='photos')
for count in (20, 40):
    rules = [{'AllowedMethods': ['GET'], 'AllowedOrigins': [f'https://app-{index:02}.example']} for index in range(count)]
    try:
        client.put_bucket_cors(Bucket='photos', CORSConfiguration={'CORSRules': rules})
        said = 'taken'
    except ClientError as error:
        said = f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"
    print(f"{sys.argv[1]}: {count} rules: {said}, kept: {len(client.get_bucket_cors(Bucket='photos')['CORSRules'])}")
PY
run() {
  local port
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  mkdir "$1"
  ./versitygw --access test-access --secret test-secret-0123456789 --port "127.0.0.1:$port" posix "${@:2}" "$folder/$1" >server.log 2>&1 &
  pids+=($!)
  for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
  timeout 120 python/bin/python3 -W ignore ask.py "$1" "$port" >>seen
}
run attributes
mkdir beside
run sidecar --sidecar "$folder/beside"
cat seen
diff seen - >&2 <<'SEEN' || fail 'versitygw answers otherwise than it did'
attributes: 20 rules: taken, kept: 20
attributes: 40 rules: 500 InternalError, kept: 20
sidecar: 20 rules: taken, kept: 20
sidecar: 40 rules: taken, kept: 40
SEEN
