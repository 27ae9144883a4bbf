// https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type HttpCacheKind, isRoot, startHttpCache } from './http-cache.ts'
import { findExecutable, usable } from './installed.ts'

/** Keeps every status, as many configurations do: what says nothing of its freshness as well. */
export const nginxCache: HttpCacheKind = cacheWith('nginx', '')

/** Asks with If-None-Match once an answer is stale. */
export const revalidatingNginxCache: HttpCacheKind = cacheWith('nginx-revalidating', 'proxy_cache_revalidate on;')

function cacheWith(name: string, setting: string): HttpCacheKind {
  const kind: HttpCacheKind = {
    name,
    howToGetIt: 'apt-get install --no-install-recommends nginx',
    find: () => usable({ name, file: findExecutable('nginx'), oldest: '1.19.5', versionArguments: ['-v'] }),
    start: originPort =>
      startHttpCache(kind, originPort, ({ folder, port }) => {
        const file = join(folder, 'nginx.conf')
        writeFileSync(
          file,
          `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr;
${isRoot() ? 'user root;' : ''}
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/temp;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  proxy_cache_path ${folder}/cache keys_zone=s3:1m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${originPort};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_cache s3;
      proxy_cache_key $scheme://$http_host$request_uri;
      proxy_cache_valid any 10m;
      ${setting}
    }
  }
}
`,
        )
        return ['-c', file, '-e', 'stderr']
      }),
  }
  return kind
}
