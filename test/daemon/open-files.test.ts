// A limit of open files, and clients that hold all that they get.

import { connect, type Socket } from 'node:net'
import t from 'tap'
import { patientMs, until } from '../fixtures/patience.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'

t.setTimeout(300_000)

const through = ['/bin/sh', '-c', 'ulimit -n 512 && exec "$@"', 'sh']

t.test(
  'while clients hold all descriptors that they may have, the admin port and the endpoint are reached',
  async t => {
    const upstream = await startRecordingUpstream(t)
    const proxy = await startProxy(
      `upstream: { url: "${upstream.url}", credentials: none, connections: 20 }
buckets: { web: { CORSRules: [{ AllowedOrigins: ["https://a.example"], AllowedMethods: [GET] }] } }
`,
      { through },
    )
    t.teardown(() => proxy.stop())
    const clients: Socket[] = []
    t.teardown(() => {
      for (const client of clients) client.destroy()
    })
    let ended = 0
    for (let i = 0; i < 600; i++) {
      const client = connect(proxy.port, '127.0.0.1')
      client.on('error', () => {})
      client.once('close', () => ended++)
      client.write('GET / HTTP/1.1\r\nHost')
      clients.push(client)
    }
    // All of them: while some wait to be taken in, the next one is among those that are turned away.
    await until(() => ended >= 600 - 268, 'those beyond the room are ended')
    for (const path of ['/livez', '/metrics']) {
      const response = await fetch(proxy.adminUrl + path, { signal: AbortSignal.timeout(patientMs(5000)) })
      t.equal(response.status, 200, path)
      const text = await response.text()
      if (path !== '/metrics') continue
      const open = Number(/^process_open_fds (\d+)/m.exec(text)?.[1])
      t.ok(open > 200 && open < 512, `${open} are open`)
    }
    const response = await fetch(`${proxy.url}/web/k`, { signal: AbortSignal.timeout(patientMs(5000)) })
    t.equal(response.status, 200, 'a request reaches the endpoint')
    t.match(
      proxy.logs(),
      /10000 for clients, 20 for upstream\.connections, 224 in reserve\), and 512 may be open: 268 clients are served/,
    )
    t.notMatch(proxy.logs(), /EMFILE/)
  },
)
