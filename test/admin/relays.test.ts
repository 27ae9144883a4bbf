// Relays on this machine, as Debian installs them: what they pass on is not from this machine.

import { rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { freePorts } from '../servers/free-ports.ts'
import { findExecutable, skipWithout, usable } from '../servers/installed.ts'
import { createServerFolder, startProcess, waitUntilReady } from '../servers/server-process.ts'
import { startAdmin } from './sources.ts'

t.setTimeout(300_000)

const token = 's3cret-token-of-tests'

/** Sends bytes from an address of this machine, and gives the status of the answer. */
function statusOf(port: number, text: string, localAddress = '127.0.0.1', host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, localAddress }, () => socket.write(text))
    let answer = ''
    socket.setEncoding('latin1').on('data', part => {
      answer += part
      if (answer.includes('\r\n\r\n')) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])))
  })
}

const curl = (host: string, version = '1.1', fields = '') =>
  `GET /buckets HTTP/${version}\r\nHost: ${host}\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n${fields}\r\n`

const connections: { name: string; from?: string; to?: string; request: (host: string) => string; status: number }[] = [
  { name: 'a person', request: host => curl(host), status: 200 },
  { name: 'a person at another loopback address', to: '127.1.2.3', request: host => curl(host), status: 200 },
  { name: "Istio's sidecar, which comes from 127.0.0.6", from: '127.0.0.6', request: host => curl(host), status: 403 },
  { name: 'a relay with HTTP/1.0', request: host => curl(host, '1.0'), status: 403 },
  { name: 'a relay that closes', request: host => curl(host, '1.1', 'Connection: close\r\n'), status: 403 },
  {
    name: 'a relay that names its client',
    request: host => curl(host, '1.1', 'X-Envoy-External-Address: 192.0.2.1\r\n'),
    status: 403,
  },
  {
    name: 'a relay whose own fields come after more than Node counts',
    request: host => curl(host, '1.1', `${'dnt:\r\n'.repeat(1100)}X-Forwarded-For: 192.0.2.1\r\n`),
    status: 403,
  },
  {
    name: 'a Host that is none',
    request: host => curl(host.replace('127.0.0.1', '[127.0.0.1]evil')),
    status: 403,
  },
  { name: 'a relay that passes the name of its own', request: () => curl('localhost:8080'), status: 403 },
]
t.test('who is taken for a person on this machine', async t => {
  const { port, stop } = await startAdmin({}, '0.0.0.0')
  t.teardown(stop)
  for (const { name, from, to = '127.0.0.1', request, status } of connections) {
    t.equal(await statusOf(port, request(`${to}:${port}`), from ?? '127.0.0.1', to), status, name)
  }
})

/** Started by root, both change to another user; else they run as the proxy does, and are taken for it. */
const isRoot = process.getuid?.() === 0

const nginx = usable({
  name: 'nginx',
  file: findExecutable(process.env.S3CORS_NGINX, 'nginx'),
  oldest: '1.19.5',
  versionArguments: ['-v'],
})
const haproxy = usable({
  name: 'haproxy',
  file: findExecutable(process.env.S3CORS_HAPROXY, 'haproxy'),
  oldest: '2.6',
  versionArguments: ['-v'],
})

interface Relay {
  readonly name: string
  /** The lines of `location /`. */
  readonly lines: readonly string[]
  /** Only the user that it runs as tells it from a person at the same address; so nginx is from 1.29.7 on, by its defaults. */
  readonly hidden?: true
}

const relays: readonly Relay[] = [
  { name: 'by its defaults', lines: [] },
  { name: 'with HTTP/1.1', lines: ['proxy_http_version 1.1;'] },
  { name: 'with the Host of its client', lines: ['proxy_set_header Host $http_host;'] },
  {
    name: 'with HTTP/1.1 and the Host of its client',
    lines: ['proxy_http_version 1.1;', 'proxy_set_header Host $http_host;'],
  },
  {
    name: 'that keeps connections and names its client',
    lines: [
      'proxy_http_version 1.1;',
      'proxy_set_header Connection "";',
      'proxy_set_header X-Forwarded-For $remote_addr;',
    ],
  },
  {
    name: 'that keeps connections and names no client',
    lines: ['proxy_http_version 1.1;', 'proxy_set_header Connection "";'],
    hidden: true,
  },
]

t.test(
  'nginx in front of the admin port is no operator',
  { skip: skipWithout('nginx', nginx !== undefined, 'apt-get install nginx') },
  async t => {
    const [open, guarded] = [await startAdmin(), await startAdmin({ token })]
    t.teardown(open.stop)
    t.teardown(guarded.stop)
    const folder = createServerFolder('nginx-admin')
    const ports = await freePorts(relays.length * 2)
    const targets = relays.flatMap(relay => [open, guarded].map(({ port }) => ({ relay, port })))
    const servers = targets.map(
      ({ relay, port }, index) =>
        `server { listen 127.0.0.1:${ports[index]}; location / { proxy_pass http://127.0.0.1:${port}; ${relay.lines.join(' ')} } }`,
    )
    const configuration = `daemon off; pid ${folder}/pid; error_log stderr; worker_processes 1; events {}\nhttp { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;\n${servers.join('\n')}\n}\n`
    writeFileSync(join(folder, 'nginx.conf'), configuration)
    const server = startProcess('nginx', folder, nginx ?? '', ['-p', folder, '-c', join(folder, 'nginx.conf')])
    t.teardown(async () => {
      await server.stop()
      rmSync(folder, { recursive: true })
    })
    await waitUntilReady(server, async () => (await fetch(`http://127.0.0.1:${ports.at(-1)}/livez`)).ok, 20_000)
    for (const [index, { relay, port }] of targets.entries()) {
      // Through a relay the client chooses the Host.
      const status = await statusOf(ports[index] ?? 0, curl(`127.0.0.1:${port}`))
      const isGuarded = port === guarded.port
      t.equal(
        status,
        isGuarded ? 401 : relay.hidden && !isRoot ? 200 : 403,
        `${relay.name}${isGuarded ? ', and a token is set' : ''}`,
      )
    }
    const passed = await statusOf(ports[1] ?? 0, curl('a', '1.1', `Authorization: Bearer ${token}\r\n`))
    t.equal(passed, 200, 'with the token')
  },
)

t.test(
  'HAProxy in front of the admin port is no operator',
  { skip: skipWithout('haproxy', haproxy !== undefined, 'apt-get install haproxy') },
  async t => {
    const [open, guarded] = [await startAdmin(), await startAdmin({ token })]
    t.teardown(open.stop)
    t.teardown(guarded.stop)
    const folder = createServerFolder('haproxy-admin')
    const ports = await freePorts(3)
    const section = (name: string, listen: number | undefined, to: number, option: string) =>
      `listen ${name}\n  bind 127.0.0.1:${listen}\n  mode http\n  ${option}\n  server admin 127.0.0.1:${to}\n`
    const configuration = [
      isRoot ? 'global\n  user nobody\n' : '',
      'defaults\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n',
      section('plain', ports[0], open.port, ''),
      section('forwardfor', ports[1], open.port, 'option forwardfor'),
      section('guarded', ports[2], guarded.port, ''),
    ].join('\n')
    writeFileSync(join(folder, 'haproxy.cfg'), configuration)
    const server = startProcess('haproxy', folder, haproxy ?? '', ['-db', '-f', join(folder, 'haproxy.cfg')])
    t.teardown(async () => {
      await server.stop()
      rmSync(folder, { recursive: true })
    })
    await waitUntilReady(server, async () => (await fetch(`http://127.0.0.1:${ports[2]}/livez`)).ok, 20_000)
    t.equal(await statusOf(ports[0] ?? 0, curl(`127.0.0.1:${ports[0]}`)), 403, 'under the port of HAProxy')
    const status = await statusOf(ports[0] ?? 0, curl(`127.0.0.1:${open.port}`))
    t.equal(status, isRoot ? 403 : 200, "under the admin port's own number, which the client chose")
    t.equal(await statusOf(ports[1] ?? 0, curl(`127.0.0.1:${open.port}`)), 403, 'that names its client')
    t.equal(await statusOf(ports[2] ?? 0, curl(`127.0.0.1:${guarded.port}`)), 401, 'and a token is set')
  },
)
