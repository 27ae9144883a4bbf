// https://httpd.apache.org/docs/2.4/caching.html

import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type HttpCacheKind, isRoot, startHttpCache } from './http-cache.ts'
import { findExecutable, usable } from './installed.ts'

const moduleNames = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'cache', 'cache_disk']

function moduleFile(command: string, name: string): string {
  return join(dirname(dirname(command)), `lib/apache2/modules/mod_${name}.so`)
}

/** mod_cache with mod_cache_disk before mod_proxy. */
export const apacheCache: HttpCacheKind = {
  name: 'apache',
  howToGetIt: 'apt-get install --no-install-recommends apache2',
  find() {
    const file = findExecutable('apache2')
    const parts = moduleNames.map(name => moduleFile(file ?? '', name))
    return usable({ name: 'apache', file, oldest: '2.4', versionArguments: ['-v'], parts })
  },
  start: originPort =>
    startHttpCache(apacheCache, originPort, ({ command, folder, port }) => {
      const file = join(folder, 'apache.conf')
      writeFileSync(
        file,
        `ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/apache.pid
Mutex default:${folder}
ErrorLog ${folder}/error.log
${moduleNames.map(name => `LoadModule ${name}_module ${moduleFile(command, name)}`).join('\n')}
${isRoot() ? 'User www-data\nGroup www-data' : ''}
Listen 127.0.0.1:${port}
ProxyPass / http://127.0.0.1:${originPort}/
ProxyPreserveHost On
CacheRoot ${folder}/cache
CacheEnable disk /
`,
      )
      return ['-f', file, '-DFOREGROUND']
    }),
}
