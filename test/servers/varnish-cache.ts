// https://varnish-cache.org/docs/7.1/reference/varnishd.html

import { join } from 'node:path'
import { type HttpCacheKind, startHttpCache } from './http-cache.ts'
import { findExecutable, usable } from './installed.ts'

/** Its built-in VCL. Keeps what is stale to ask for it with If-None-Match, and gives none of it out meanwhile. */
export const varnishCache: HttpCacheKind = {
  name: 'varnish',
  howToGetIt: 'apt-get install --no-install-recommends varnish',
  find: () => usable({ name: 'varnish', file: findExecutable('varnishd'), oldest: '7.1', versionArguments: ['-V'] }),
  start: originPort =>
    startHttpCache(varnishCache, originPort, ({ folder, port }) => [
      ...['-F', '-a', `127.0.0.1:${port}`, '-b', `127.0.0.1:${originPort}`, '-n', join(folder, 'cache')],
      ...['-T', 'none', '-j', 'none', '-s', 'malloc,16m', '-p', 'default_grace=0', '-p', 'default_keep=600'],
    ]),
}
