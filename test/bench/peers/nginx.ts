// nginx with CORS by map, https://nginx.org/en/docs/http/ngx_http_map_module.html, and the settings that its own guides give:
// https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive and proxy_request_buffering off for uploads.

import { program } from '../machine.ts'
import { allowedMethods, allowedPairs, exposedHeaders, maxAgeSeconds } from '../rule-set.ts'
import { type Peer, type PeerSetting, startPeer } from './peer.ts'

export const nginxPeer: Peer = {
  name: 'nginx',
  isNodePeer: false,
  isMachineCode: true,
  protocols: ['HTTP/1.1', 'HTTP/2'],
  start: setting =>
    startPeer(
      'nginx',
      (port, folder) => ({
        'nginx.conf': configuration(port, folder, setting),
        'origins.map': allowedPairs(setting.size)
          .map(([bucket, origin]) => `"${bucket}|${origin}" "${origin}";\n`)
          .join(''),
      }),
      (_, folder) => ({
        command: program('nginx'),
        args: ['-c', `${folder}/nginx.conf`, '-e', 'stderr'],
        isTls: setting.serves !== undefined,
      }),
    ),
}

function configuration(port: number, folder: string, { upstream, tls, serves }: PeerSetting): string {
  const vary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'
  const cors = `
    add_header Access-Control-Allow-Origin $cors_origin always;
    add_header Access-Control-Allow-Methods $cors_methods always;
    add_header Access-Control-Allow-Headers $cors_headers always;
    add_header Access-Control-Expose-Headers $cors_exposed always;
    add_header Access-Control-Max-Age $cors_age always;
    add_header Vary "${vary}" always;`
  const whenAllowed = (variable: string, value: string) =>
    `  map $cors_origin ${variable} { "" ""; default "${value}"; }`
  return `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
pcre_jit on;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 100000000;
  keepalive_timeout 75s;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  map_hash_max_size 65536;
  map_hash_bucket_size 256;
  map $request_uri $bucket { "~^/([^/?]+)" $1; default ""; }
  map "$bucket|$http_origin" $cors_origin { default ""; include ${folder}/origins.map; }
${whenAllowed('$cors_methods', allowedMethods.join(', '))}
${whenAllowed('$cors_headers', '$http_access_control_request_headers')}
${whenAllowed('$cors_exposed', exposedHeaders.join(', '))}
${whenAllowed('$cors_age', String(maxAgeSeconds))}
  upstream endpoint {
    server ${tls ? `127.0.0.1:${upstream.tlsPort}` : `127.0.0.1:${upstream.port}`};
    keepalive 256;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${port}${serves === undefined ? '' : ' ssl'}${serves === 'HTTP/2' ? ' http2' : ''} backlog=4096;
${serves === undefined ? '' : tlsLines(folder)}    ${cors}
    location / {
      if ($request_method = OPTIONS) { rewrite ^ /preflight last; }
      proxy_pass ${tls ? 'https' : 'http'}://endpoint;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_request_buffering off;
      proxy_buffer_size 16k;
      proxy_buffers 16 64k;
      proxy_busy_buffers_size 128k;
      proxy_max_temp_file_size 0;
      proxy_ssl_trusted_certificate ${upstream.caFile};
      proxy_ssl_verify on;
      proxy_ssl_name localhost;
      proxy_ssl_server_name on;
      proxy_hide_header Vary;
      proxy_hide_header Access-Control-Allow-Origin;
      proxy_hide_header Access-Control-Allow-Methods;
      proxy_hide_header Access-Control-Allow-Headers;
      proxy_hide_header Access-Control-Allow-Credentials;
      proxy_hide_header Access-Control-Expose-Headers;
      proxy_hide_header Access-Control-Max-Age;
    }
    location = /preflight {
      internal;
      if ($cors_origin = "") { return 403; }
      ${cors}
      return 204;
    }
  }
}
`
}

function tlsLines(folder: string): string {
  return `    ssl_certificate ${folder}/server.pem;
    ssl_certificate_key ${folder}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
`
}
