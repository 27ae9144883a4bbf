// https://wiki.squid-cache.org/ConfigExamples/Reverse/BasicAccelerator

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type HttpCacheKind, startHttpCache } from './http-cache.ts'
import { findExecutable, usable } from './installed.ts'

/** An accelerator that keeps all in memory. */
export const squidCache: HttpCacheKind = {
  name: 'squid',
  howToGetIt: 'apt-get install --no-install-recommends squid',
  find: () => usable({ name: 'squid', file: findExecutable('squid'), oldest: '5.7', versionArguments: ['-v'] }),
  start: originPort =>
    startHttpCache(squidCache, originPort, ({ folder, port }) => {
      const file = join(folder, 'squid.conf')
      writeFileSync(
        file,
        `http_port 127.0.0.1:${port} accel vhost defaultsite=localhost
cache_peer 127.0.0.1 parent ${originPort} 0 no-query no-digest no-netdb-exchange originserver
http_access allow all
never_direct allow all
cache_mem 16 MB
memory_cache_shared off
access_log none
cache_log ${folder}/cache/squid.log
cache_store_log none
logfile_rotate 0
pid_filename ${folder}/cache/squid.pid
coredump_dir ${folder}/cache
netdb_filename none
pinger_enable off
visible_hostname localhost
shutdown_lifetime 0 seconds
`,
      )
      return ['-N', '-f', file]
    }),
}
