#!/usr/bin/env bash
# versitygw answers requests that are signed with an access key it does not know with 404: to a HEAD, that is "no such bucket".
#
# Version:  versitygw 1.8.0 (Go module github.com/versity/versitygw), `versitygw posix`; boto3 1.44.5.
# Expected: 403 InvalidAccessKeyId, "The AWS access key ID that you provided does not exist in our records"
#           (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
# Seen:     404 XAdminUserNotFound to everything; a HEAD has no body, so that HeadBucket and HeadObject are a plain 404. A wrong
#           secret of a key that it knows is 403 SignatureDoesNotMatch.
# Why here: clients take a 404 to HeadBucket for a bucket that is missing, and create it, or say so. A key that was taken away looks like lost data. A
#           proxy that asks this server with keys of its own has to know the code to say "wrong key" rather than "no such bucket".
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
python3 -m venv python
timeout 300 python/bin/pip install --quiet --disable-pip-version-check boto3==1.44.5
GOBIN=$folder CGO_ENABLED=0 timeout 900 go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 >build.log 2>&1 ||
  { tail -n 5 build.log >&2; exit 1; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir data
./versitygw --access test-access --secret test-secret-0123456789 --port "127.0.0.1:$port" posix "$folder/data" >server.log 2>&1 &
pids+=($!)
for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done

cat >ask.py <<'PY'
import sys
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
def connect(key, secret):
    config = Config(s3={'addressing_style': 'path'}, retries={'max_attempts': 1}, connect_timeout=5, read_timeout=10)
    return boto3.client('s3', endpoint_url=f'http://127.0.0.1:{sys.argv[1]}', region_name='us-east-1',
                        aws_access_key_id=key, aws_secret_access_key=secret, config=config)
good = connect('test-access', 'test-secret-0123456789')
good.create_bucket(Bucket='photos')
good.put_object(Bucket='photos', Key='one', Body=b'1')
for name, client in (('unknown key', connect('AKIAUNKNOWNTOTHEM000', 'test-secret-0123456789')),
                     ('wrong secret', connect('test-access', 'another-secret-0123456789'))):
    for call, arguments in (('list_buckets', {}), ('head_bucket', {'Bucket': 'photos'}),
                            ('head_object', {'Bucket': 'photos', 'Key': 'one'}),
                            ('get_object', {'Bucket': 'photos', 'Key': 'one'}),
                            ('get_bucket_cors', {'Bucket': 'photos'})):
        try:
            getattr(client, call)(**arguments)
            print(f'{name}: {call}: taken')
        except ClientError as error:
            print(f"{name}: {call}: {error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}")
PY
seen=$(timeout 120 python/bin/python3 -W ignore ask.py "$port")
echo "$seen"
diff <(echo "$seen") - >&2 <<'SEEN' || fail 'versitygw answers otherwise than it did'
unknown key: list_buckets: 404 XAdminUserNotFound
unknown key: head_bucket: 404 404
unknown key: head_object: 404 404
unknown key: get_object: 404 XAdminUserNotFound
unknown key: get_bucket_cors: 404 XAdminUserNotFound
wrong secret: list_buckets: 403 SignatureDoesNotMatch
wrong secret: head_bucket: 403 403
wrong secret: head_object: 403 403
wrong secret: get_object: 403 SignatureDoesNotMatch
wrong secret: get_bucket_cors: 403 SignatureDoesNotMatch
SEEN
