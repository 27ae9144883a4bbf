#!/usr/bin/env bash
# undici destroys an HTTP/2 stream that is given to it as the request's body: the response that the stream is for is lost.
#
# Version:  undici 8.12.4, Node 24.21.0 (npm package node), node:http2.
# Expected: a server that hands an incoming stream on as a body (`dispatch({ body: stream })`) can answer on it afterwards, as it
#           can with an HTTP/1.1 request. undici reads a body; it is not said to end what else the stream is.
# Seen:     the endpoint has the whole body and answers 200; undici has called destroy() on the stream at the end of the body,
#           because Http2Stream does not destroy itself (`autoDestroy` is false); no response can be sent, and the client's stream
#           closes with no response. With a PassThrough between them the client has the 200.
# Why here: a proxy from HTTP/2 to HTTP/1.1 by undici loses the answer to every upload, and works for every request without content.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "CHANGED: $1" >&2; exit 1; }

cd "$folder"
npm init -y >/dev/null
timeout 300 npm install --no-audit --no-fund undici@8.12.4 node@24.21.0 >install.log 2>&1 ||
  { tail -n 5 install.log >&2; exit 1; }

cat >seen.mjs <<'SCRIPT'
import { once } from 'node:events'
import { createServer as createEndpoint } from 'node:http'
import { connect, createServer } from 'node:http2'
import { PassThrough } from 'node:stream'
import { Pool } from 'undici'

const endpoint = createEndpoint((request, response) => {
  let bytes = 0
  request.on('data', part => { bytes += part.length })
  request.on('end', () => { console.log(`  endpoint: ${request.method}, ${bytes} bytes`); response.end('ok') })
})
await once(endpoint.listen(0, '127.0.0.1'), 'listening')
const pool = new Pool(`http://127.0.0.1:${endpoint.address().port}`)

for (const [name, bodyOf] of [
  ['the stream itself', stream => stream],
  ['a PassThrough', stream => stream.pipe(new PassThrough())],
]) {
  console.log(`body: ${name}`)
  const server = createServer()
  const ended = Promise.withResolvers()
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    pool.dispatch({ path: '/', method: headers[':method'], body: bodyOf(stream) }, {
      onRequestStart() {},
      onResponseStart(_, status) {
        console.log(`  response ${status}: the stream ${stream.destroyed ? 'is destroyed' : 'stands'}`)
        if (!stream.destroyed) stream.respond({ ':status': status })
      },
      onResponseData(_, part) { if (!stream.destroyed) stream.write(part) },
      onResponseEnd() { if (!stream.destroyed) stream.end(); ended.resolve() },
      onResponseError() { stream.destroy(); ended.resolve() },
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const session = connect(`http://127.0.0.1:${server.address().port}`)
  const stream = session.request({ ':method': 'PUT' })
  let status = 'none'
  stream.on('response', fields => { status = fields[':status'] })
  stream.on('error', () => {})
  stream.resume()
  stream.end(Buffer.alloc(100_000))
  await Promise.all([once(stream, 'close'), ended.promise])
  console.log(`  client: ${status}`)
  session.destroy()
  server.close()
}
await pool.destroy()
endpoint.close()
SCRIPT
seen=$(timeout 60 node_modules/.bin/node seen.mjs)
echo "$seen"
diff <(echo "$seen") - >&2 <<'SEEN' || fail 'undici treats an HTTP/2 stream as a body otherwise than it did'
body: the stream itself
  endpoint: PUT, 100000 bytes
  response 200: the stream is destroyed
  client: none
body: a PassThrough
  endpoint: PUT, 100000 bytes
  response 200: the stream stands
  client: 200
SEEN
