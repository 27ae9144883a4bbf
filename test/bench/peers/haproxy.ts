// HAProxy with CORS by map and ACL, https://docs.haproxy.org/2.6/configuration.html: one thread, connections to the endpoint
// shared by all clients (http-reuse always), and kernel splicing where it sees a gain.

import { localhostKey } from '../../fixtures/localhost-certificate.ts'
import { program } from '../machine.ts'
import { allowedMethods, allowedPairs, exposedHeaders, maxAgeSeconds } from '../rule-set.ts'
import { type Peer, type PeerSetting, startPeer } from './peer.ts'

export const haproxyPeer: Peer = {
  name: 'haproxy',
  isNodePeer: false,
  isMachineCode: true,
  protocols: ['HTTP/1.1', 'HTTP/2'],
  start: setting =>
    startPeer(
      'haproxy',
      (port, folder) => ({
        'haproxy.cfg': configuration(port, folder, setting),
        // HAProxy finds the key by this name.
        'server.pem.key': localhostKey,
        'origins.map': allowedPairs(setting.size)
          .map(([bucket, origin]) => `${bucket}|${origin} ${origin}\n`)
          .join(''),
      }),
      (_, folder) => ({
        command: program('haproxy'),
        args: ['-db', '-q', '-f', `${folder}/haproxy.cfg`],
        isTls: setting.serves !== undefined,
      }),
    ),
}

function configuration(port: number, folder: string, { upstream, tls, serves }: PeerSetting): string {
  const vary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'
  const allowed = '{ var(txn.cors) -m found }'
  const server = tls
    ? `127.0.0.1:${upstream.tlsPort} ssl verify required verifyhost localhost sni str(localhost) ca-file ${upstream.caFile}`
    : `127.0.0.1:${upstream.port}`
  const answer = [
    'hdr Access-Control-Allow-Origin %[var(txn.cors)]',
    `hdr Access-Control-Allow-Methods "${allowedMethods.join(', ')}"`,
    'hdr Access-Control-Allow-Headers %[req.hdr(Access-Control-Request-Headers,1)]',
    `hdr Access-Control-Expose-Headers "${exposedHeaders.join(', ')}"`,
    `hdr Access-Control-Max-Age ${maxAgeSeconds}`,
    `hdr Vary "${vary}"`,
  ]
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  option http-keep-alive
  option splice-auto
  timeout connect 5s
  timeout client 75s
  timeout server 300s
  timeout http-keep-alive 75s
frontend s3
  bind 127.0.0.1:${port} backlog 4096${serves === undefined ? '' : ` ssl crt ${folder}/server.pem alpn ${serves === 'HTTP/2' ? 'h2' : 'http/1.1'}`}
  http-request set-var(txn.origin) req.fhdr(Origin)
  http-request set-var(txn.cors) path,field(2,/),concat(|,txn.origin),map_str(${folder}/origins.map) if { req.fhdr(Origin) -m found }
  http-request return status 204 ${answer.join(' ')} if METH_OPTIONS ${allowed}
  http-request return status 403 if METH_OPTIONS
  http-request set-header X-Forwarded-For %[src]
  http-response del-header Access-Control- -m beg
  http-response del-header Vary if ${allowed}
  http-response set-header Access-Control-Allow-Origin %[var(txn.cors)] if ${allowed}
  http-response set-header Access-Control-Allow-Methods "${allowedMethods.join(', ')}" if ${allowed}
  http-response set-header Access-Control-Expose-Headers "${exposedHeaders.join(', ')}" if ${allowed}
  http-response set-header Access-Control-Max-Age ${maxAgeSeconds} if ${allowed}
  http-response set-header Vary "${vary}" if ${allowed}
  default_backend endpoint
backend endpoint
  http-reuse always
  server endpoint ${server}
`
}
