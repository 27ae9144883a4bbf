#!/usr/bin/env bash
# moto's S3 server sends Access-Control-Allow-Origin to every origin, whatever the CORS rules of the bucket are.
#
# Version:  moto 5.2.5 (PyPI moto[s3] with Flask 3.1.3 and flask-cors 6.0.5), `moto_server`; boto3 1.44.5.
# Expected: as on S3: an answer has Access-Control-Allow-Origin where a rule of the bucket allows origin and method, and no CORS field else
#           (https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html). moto keeps what PutBucketCors puts, so one expects it to hold.
# Seen:     a GET has Access-Control-Allow-Origin with the origin of each request, without rules and with rules for another origin. Without rules
#           preflights are allowed to every origin, with every method. With rules a preflight of another origin is 403, as on S3, but with
#           Access-Control-Allow-Origin and two lines of Access-Control-Allow-Methods, one of which is of the rules for the other origin.
# Why here: a web application whose bucket lacks the rule passes its tests in a browser against moto, and fails on S3. And a check that takes
#           an Access-Control field in the answer for a rule of the bucket is wrong here: only the status of the preflight tells.
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
timeout 300 python/bin/pip install --quiet --disable-pip-version-check 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5 boto3==1.44.5
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
HOME=$folder python/bin/moto_server -H 127.0.0.1 -p "$port" >server.log 2>&1 &
pids+=($!)
for _ in $(seq 200); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done

cat >ask.py <<'PY'
import http.client
import sys
import boto3
from botocore.config import Config
client = boto3.client('s3', endpoint_url=f'http://127.0.0.1:{sys.argv[1]}', region_name='us-east-1', aws_access_key_id='x', aws_secret_access_key='x',
                      config=Config(s3={'addressing_style': 'path'}))
client.create_bucket(Bucket='photos')
client.put_object(Bucket='photos', Key='one', Body=b'1', ACL='public-read')
def ask(method, origin, **more):
    connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]), timeout=10)
    connection.request(method, '/photos/one', headers={'Origin': origin, **more})
    answer = connection.getresponse()
    answer.read()
    fields = [f'{name}: {value}' for name, value in answer.getheaders() if name.lower().startswith('access-control')]
    return f"{answer.status} {', '.join(sorted(fields)) or 'no CORS field'}"
for name in ('no rules', 'a rule for https://app.example'):
    if name != 'no rules':
        rule = {'AllowedOrigins': ['https://app.example'], 'AllowedMethods': ['GET']}
        client.put_bucket_cors(Bucket='photos', CORSConfiguration={'CORSRules': [rule]})
    for origin in ('https://app.example', 'https://other.example'):
        print(f'{name}: GET of {origin}:', ask('GET', origin))
        print(f'{name}: preflight of {origin}:', ask('OPTIONS', origin, **{'Access-Control-Request-Method': 'GET'}))
PY
seen=$(timeout 60 python/bin/python3 -W ignore ask.py "$port")
echo "$seen"
diff <(echo "$seen") - >&2 <<'SEEN' || fail 'moto answers otherwise than it did'
no rules: GET of https://app.example: 200 Access-Control-Allow-Origin: https://app.example
no rules: preflight of https://app.example: 200 Access-Control-Allow-Methods: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, Access-Control-Allow-Origin: https://app.example
no rules: GET of https://other.example: 200 Access-Control-Allow-Origin: https://other.example
no rules: preflight of https://other.example: 200 Access-Control-Allow-Methods: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, Access-Control-Allow-Origin: https://other.example
a rule for https://app.example: GET of https://app.example: 200 Access-Control-Allow-Methods: GET, Access-Control-Allow-Origin: https://app.example
a rule for https://app.example: preflight of https://app.example: 200 Access-Control-Allow-Methods: GET, Access-Control-Allow-Origin: https://app.example
a rule for https://app.example: GET of https://other.example: 200 Access-Control-Allow-Origin: https://other.example
a rule for https://app.example: preflight of https://other.example: 403 Access-Control-Allow-Methods: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, Access-Control-Allow-Methods: GET, Access-Control-Allow-Origin: https://other.example
SEEN
