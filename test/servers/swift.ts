// OpenStack Swift with its S3 API, one node: an endpoint that verifies SigV4 and knows nothing of CORS.

import { mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { execFile } from '../fixtures/children.ts'
import { freePorts } from './free-ports.ts'
import { findExecutable } from './installed.ts'
import type { S3Endpoint } from './s3-endpoint.ts'
import {
  answers,
  createServerFolder,
  type ServerProcess,
  startOrStop,
  startProcess,
  stopAll,
  waitUntilReady,
} from './server-process.ts'

export const howToGetSwift =
  'apt-get install --no-install-recommends swift-proxy swift-account swift-container swift-object memcached'

const storageKinds = ['account', 'container', 'object'] as const
const programs = [
  'memcached',
  'swift-ring-builder',
  'swift-proxy-server',
  ...storageKinds.map(k => `swift-${k}-server`),
]
const execute = promisify(execFile)

export function findSwift(): string | undefined {
  return programs.every(program => findExecutable(program) !== undefined)
    ? findExecutable('swift-proxy-server')
    : undefined
}

export async function startSwift(): Promise<S3Endpoint> {
  if (findSwift() === undefined) throw new Error(`OpenStack Swift is not installed: ${howToGetSwift}`)
  const [port = 0, cachePort = 0, ...storagePorts] = await freePorts(2 + storageKinds.length)
  const folder = createServerFolder('swift')
  const user = userInfo().username
  const virtualHost = 's3.localhost'
  const servers: ServerProcess[] = []
  const launch = (name: string, program: string, ...args: string[]) => {
    const server = startProcess(name, folder, program, args)
    servers.push(server)
    return server
  }
  return startOrStop(servers, folder, async () => {
    mkdirSync(join(folder, 'node/d1'), { recursive: true })
    launch('memcached', 'memcached', '-l', '127.0.0.1', '-p', String(cachePort), '-U', '0', '-u', user)
    await Promise.all(storageKinds.map((kind, index) => buildRing(folder, kind, storagePorts[index] ?? 0)))
    const storage = storageKinds.map((kind, index) => {
      const conf = join(folder, `${kind}-server.conf`)
      writeFileSync(conf, storageConf(folder, kind, storagePorts[index] ?? 0, user))
      return launch(`swift-${kind}`, `swift-${kind}-server`, conf, '-v')
    })
    const conf = join(folder, 'proxy-server.conf')
    writeFileSync(conf, proxyConf(folder, port, cachePort, user, virtualHost))
    const proxy = launch('swift-proxy', 'swift-proxy-server', conf, '-v')
    await waitUntilReady(proxy, () => answers(`http://127.0.0.1:${port}/healthcheck`, status => status === 200))
    for (const [index, server] of storage.entries()) {
      await waitUntilReady(server, () => answers(`http://127.0.0.1:${storagePorts[index]}/`))
    }
    return {
      endpoint: `http://127.0.0.1:${port}`,
      accessKeyId: 'test:tester',
      secretAccessKey: 'testing',
      region: 'us-east-1',
      virtualHost,
      stop: options => stopAll(servers.toReversed(), folder, options),
    }
  })
}

async function buildRing(folder: string, kind: string, port: number): Promise<void> {
  const builder = join(folder, `${kind}.builder`)
  await execute('swift-ring-builder', [builder, 'create', '4', '1', '0'])
  await execute('swift-ring-builder', [builder, 'add', `r1z1-127.0.0.1:${port}/d1`, '1'])
  await execute('swift-ring-builder', [builder, 'rebalance'])
}

function storageConf(folder: string, kind: string, port: number, user: string): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${user}
swift_dir = ${folder}
devices = ${folder}/node
mount_check = false
fallocate_reserve = 0
log_address = /nonexistent
[pipeline:main]
pipeline = ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
`
}

function proxyConf(folder: string, port: number, cachePort: number, user: string, storageDomain: string): string {
  const middleware = ['catch_errors', 'gatekeeper', 'healthcheck', 'proxy-logging', 'cache', 'listing_formats', 'bulk']
  middleware.push('s3api', 'tempauth', 'copy', 'slo', 'dlo', 'versioned_writes', 'symlink')
  const options: Readonly<Record<string, string>> = {
    cache: `memcache_servers = 127.0.0.1:${cachePort}\n`,
    s3api: `location = us-east-1\nmin_segment_size = 5242880\nstorage_domain = ${storageDomain}\n`,
    tempauth: 'user_test_tester = testing .admin\n',
    versioned_writes: 'allow_versioned_writes = true\nallow_object_versioning = true\n',
  }
  // The cache filter's egg is the one that is not called as the filter is.
  const eggs: Readonly<Record<string, string>> = { cache: 'memcache', 'proxy-logging': 'proxy_logging' }
  const filters = middleware.map(
    name => `[filter:${name}]\nuse = egg:swift#${eggs[name] ?? name}\n${options[name] ?? ''}`,
  )
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${user}
swift_dir = ${folder}
[pipeline:main]
pipeline = ${middleware.join(' ')} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
${filters.join('')}`
}
