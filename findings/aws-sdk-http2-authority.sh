#!/usr/bin/env bash
# The AWS SDK for JavaScript over HTTP/2 signs `:authority` where S3 verifies `host`, and gives a stream a field that HTTP/2 forbids.
#
# Version:  @aws-sdk/client-s3 3.1173.0, @smithy/node-http-handler 4.14.2 (NodeHttp2Handler), Node 24.21.0 (npm package node).
# Expected: a request that differs from the one over HTTP/1.1 in its transport alone: SigV4 says that `host` is signed, and an endpoint
#           takes it from `:authority`; a stream as Body has its length in DATA.
# Seen:     SignedHeaders begins with `:authority` and has no `host`, so that every verifier of SigV4 calculates another signature;
#           a stream as Body, of a stated length, never leaves the client: Node refuses its Transfer-Encoding for HTTP/2.
# Why here: behind a front that speaks HTTP/2, a page of the SDK's works and a program of the same SDK gets SignatureDoesNotMatch; the
#           front cannot mend it, since it has no secret.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "CHANGED: $1" >&2; exit 1; }

cd "$folder"
npm init -y >/dev/null
timeout 300 npm install --no-audit --no-fund @aws-sdk/client-s3@3.1173.0 @smithy/node-http-handler@4.14.2 node@24.21.0 >install.log 2>&1 ||
  { tail -n 5 install.log >&2; exit 1; }

cat >seen.mjs <<'SCRIPT'
import { once } from 'node:events'
import { createServer as createPlain } from 'node:http'
import { createServer } from 'node:http2'
import { Readable } from 'node:stream'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler'

const answer = (request, response) => {
  const [, signed] = /SignedHeaders=([^,]*)/.exec(request.headers.authorization)
  console.log(`  signed: ${signed.split(';').filter(name => ['host', ':authority'].includes(name)).join()}`)
  request.resume().on('end', () => response.end())
}
for (const [name, server, requestHandler] of [
  ['HTTP/1.1', createPlain(answer), new NodeHttpHandler()],
  ['HTTP/2', createServer(answer), new NodeHttp2Handler()],
]) {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${server.address().port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
    requestHandler,
  })
  console.log(`${name}, text`)
  await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'a', Body: 'text' }))
  console.log(`${name}, a stream`)
  const put = new PutObjectCommand({ Bucket: 'photos', Key: 'b', Body: Readable.from([Buffer.from('text')]), ContentLength: 4 })
  await client.send(put).catch(error => console.log(`  ${error.code}: ${error.message}`))
  client.destroy()
  server.close()
}
SCRIPT
seen=$(timeout 60 node_modules/.bin/node seen.mjs 2>/dev/null)
echo "$seen"
diff <(echo "$seen") - >&2 <<'SEEN' || fail 'the SDK signs or sends otherwise over HTTP/2 than it did'
HTTP/1.1, text
  signed: host
HTTP/1.1, a stream
  signed: host
HTTP/2, text
  signed: :authority
HTTP/2, a stream
  ERR_HTTP2_INVALID_CONNECTION_HEADERS: HTTP/1 Connection specific headers are forbidden: "transfer-encoding"
SEEN
