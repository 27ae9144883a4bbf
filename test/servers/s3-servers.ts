// Real S3 servers beside those that have files of their own: how each is started, and what makes it another. Pinned in
// s3-server-versions, installed by install-s3-servers.sh.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { findExecutable } from './installed.ts'
import type { S3Endpoint } from './s3-endpoint.ts'
import { answers, createServerFolder, startOrStop, startProcess, stopAll, waitUntilReady } from './server-process.ts'

/** A server that can be started. */
export interface S3Server {
  /** Its first word in s3-server-versions. */
  readonly id: string
  /** One of the four lightest: .ci/run installs it. */
  readonly inCi: boolean
  /** Where it takes none but those of its own form. */
  readonly credentials?: Pick<S3Endpoint, 'accessKeyId' | 'secretAccessKey'>
  /** What is started: a program and its arguments. */
  readonly launch: (place: Launch) => readonly [command: string, ...args: string[]]
}

interface Launch {
  /** Where it is installed. */
  readonly installed: string
  /** A folder of its own. */
  readonly folder: string
  readonly port: number
  /** Further free ports. */
  readonly ports: readonly number[]
}

const credentials = { accessKeyId: 's3servertestaccess', secretAccessKey: 's3-server-test-secret-0123456789' }

/** Two letters and twelve bytes, and 32 bytes, in hexadecimal. */
const garageCredentials = { accessKeyId: `GK${'0123456789ab'.repeat(2)}`, secretAccessKey: '01'.repeat(32) }

export const s3Servers: readonly S3Server[] = [
  {
    id: 'rclone-175',
    inCi: true,
    launch: ({ installed, folder, port }) => [
      join(installed, 'bin/rclone'),
      ...['serve', 's3', '--addr', `127.0.0.1:${port}`],
      ...['--auth-key', `${credentials.accessKeyId},${credentials.secretAccessKey}`, dataIn(folder)],
    ],
  },
  {
    id: 'gofakes3',
    inCi: true,
    launch: ({ installed, port }) => [
      join(installed, 'bin/gofakes3'),
      '-backend',
      'memory',
      '-host',
      `127.0.0.1:${port}`,
    ],
  },
  {
    id: 'moto',
    inCi: true,
    launch: ({ installed, port }) => [join(installed, 'bin/moto_server'), '-H', '127.0.0.1', '-p', String(port)],
  },
  { id: 'seaweedfs', inCi: true, launch: launchSeaweedFs },
  {
    id: 'versitygw',
    inCi: false,
    launch: ({ installed, folder, port }) => [
      join(installed, 'bin/versitygw'),
      ...['--access', credentials.accessKeyId, '--secret', credentials.secretAccessKey],
      ...['--port', `127.0.0.1:${port}`, 'posix', dataIn(folder)],
    ],
  },
  { id: 's3proxy', inCi: false, launch: launchS3proxy },
  {
    id: 's3s-fs',
    inCi: false,
    launch: ({ installed, folder, port }) => [
      join(installed, 'bin/s3s-fs'),
      ...['--access-key', credentials.accessKeyId, '--secret-key', credentials.secretAccessKey],
      ...['--host', '127.0.0.1', '--port', String(port), dataIn(folder)],
    ],
  },
  { id: 'garage', inCi: false, credentials: garageCredentials, launch: launchGarage },
]

function launchGarage({ installed, folder, port, ports }: Launch): readonly [string, ...string[]] {
  const file = join(folder, 'garage.toml')
  writeFileSync(
    file,
    `metadata_dir = "${folder}/meta"
data_dir = "${dataIn(folder)}"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:${ports[0]}"
rpc_public_addr = "127.0.0.1:${ports[0]}"
rpc_secret = "${'ab'.repeat(32)}"
[s3_api]
s3_region = "us-east-1"
api_bind_addr = "127.0.0.1:${port}"
root_domain = ".s3.garage"
`,
  )
  return [
    'env',
    `GARAGE_DEFAULT_ACCESS_KEY=${garageCredentials.accessKeyId}`,
    `GARAGE_DEFAULT_SECRET_KEY=${garageCredentials.secretAccessKey}`,
    join(installed, 'bin/garage'),
    ...['-c', file, 'server', '--single-node', '--default-access-key'],
  ]
}

/** SeaweedFS takes ports by itself, fixed ones or 10000 above another, unless it is given each. */
function launchSeaweedFs({ installed, folder, port, ports }: Launch): readonly [string, ...string[]] {
  const keys = { accessKey: credentials.accessKeyId, secretKey: credentials.secretAccessKey }
  writeFileSync(
    join(folder, 's3.json'),
    JSON.stringify({ identities: [{ name: 'test', credentials: [keys], actions: ['Admin'] }] }),
  )
  const names = [
    'master.port',
    'master.port.grpc',
    'volume.port',
    'volume.port.grpc',
    'filer.port',
    'filer.port.grpc',
    's3.port.grpc',
  ]
  return [
    join(installed, 'bin/weed'),
    `-logdir=${folder}`,
    'server',
    `-dir=${dataIn(folder)}`,
    ...[
      '-ip=127.0.0.1',
      '-ip.bind=127.0.0.1',
      '-master.telemetry=false',
      '-master.volumeSizeLimitMB=16',
      '-volume.max=8',
    ],
    ...names.map((name, index) => `-${name}=${ports[index]}`),
    ...[
      '-filer',
      `-filer.localSocket=${folder}/filer.sock`,
      '-s3',
      `-s3.port=${port}`,
      `-s3.localSocket=${folder}/s3.sock`,
    ],
    ...['-s3.port.iceberg=0', '-s3.port.lance=0', `-s3.config=${folder}/s3.json`],
  ]
}

function launchS3proxy({ installed, folder, port }: Launch): readonly [string, ...string[]] {
  const properties = {
    's3proxy.endpoint': `http://127.0.0.1:${port}`,
    's3proxy.authorization': 'aws-v4',
    's3proxy.identity': credentials.accessKeyId,
    's3proxy.credential': credentials.secretAccessKey,
    'jclouds.provider': 'filesystem',
    'jclouds.identity': 'unused',
    'jclouds.credential': 'unused',
    'jclouds.filesystem.basedir': dataIn(folder),
  }
  const file = join(folder, 's3proxy.conf')
  writeFileSync(
    file,
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  return ['java', '-Xmx256m', '-cp', join(installed, 'lib/*'), 'org.gaul.s3proxy.Main', '--properties', file]
}

function dataIn(folder: string): string {
  const data = join(folder, 'data')
  mkdirSync(data)
  return data
}

interface Pinned {
  readonly installed: string
  /** The package as its registry names it. */
  readonly packageName: string
  readonly version: string
}

/** What is pinned for a server, installed or not. */
export function pinnedServer(id: string): Pinned {
  const lines = readFileSync(new URL('s3-server-versions', import.meta.url), 'utf8').split('\n')
  const words = lines.find(line => line.startsWith(`${id} `))?.split(' ') ?? []
  const [packageName = '', version = ''] = /^(.*?)(?:==|@|:(?=[^:]*$))(.*)$/.exec(words[2] ?? '')?.slice(1) ?? []
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return { installed: join(cache, 's3-cors-proxy', 's3-servers', id, version), packageName, version }
}

export function isInstalled(id: string): boolean {
  return (
    existsSync(join(pinnedServer(id).installed, 'ready')) && (id !== 's3proxy' || findExecutable('java') !== undefined)
  )
}

export const howToGetServer = (id: string) => `bash test/servers/install-s3-servers.sh ${id}`

/** Starts a server with keys of its own; all of them know path-style requests. */
export async function startS3Server(s3Server: S3Server): Promise<S3Endpoint> {
  const { id, launch } = s3Server
  const [port = 0, ...ports] = await freePorts(8)
  const folder = createServerFolder(id)
  const [command, ...args] = launch({ installed: pinnedServer(id).installed, folder, port, ports })
  const server = startProcess(id, folder, command, args, { PATH: process.env.PATH, HOME: folder, TMPDIR: folder })
  const endpoint = `http://127.0.0.1:${port}`
  return startOrStop([server], folder, async () => {
    await waitUntilReady(server, () => answers(`${endpoint}/`, status => status < 500))
    const stop: S3Endpoint['stop'] = options => stopAll([server], folder, options)
    return { endpoint, ...(s3Server.credentials ?? credentials), region: 'us-east-1', virtualHost: '', stop }
  })
}
