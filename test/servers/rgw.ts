// Ceph's RADOS Gateway over a throw-away cluster of one monitor and one OSD in memory.

import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { execFile } from '../fixtures/children.ts'
import { patientMs } from '../fixtures/patience.ts'
import { freePorts } from './free-ports.ts'
import { findExecutable, usable } from './installed.ts'
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

export const howToGetRgw = 'apt-get install --no-install-recommends radosgw ceph-mon ceph-osd'

const programs = ['radosgw', 'radosgw-admin', 'ceph', 'ceph-mon', 'ceph-osd', 'ceph-authtool', 'monmaptool']
const execute = promisify(execFile)

export function findRgw(): string | undefined {
  if (programs.some(program => findExecutable(program) === undefined)) return undefined
  return usable({ name: 'Ceph RGW', file: findExecutable('radosgw'), oldest: '16.2' })
}

/** Takes about 15 s: one per test file is enough. `virtualHost` is its `rgw_dns_name`. */
export async function startRgw(virtualHost = 's3.localhost'): Promise<S3Endpoint> {
  if (findRgw() === undefined) throw new Error(`Ceph RGW is not installed: ${howToGetRgw}`)
  const [port = 0, monPort = 0, monPortV1 = 0] = await freePorts(3)
  const folder = createServerFolder('rgw')
  const credentials = { accessKeyId: 'rgwtestaccess', secretAccessKey: 'rgwtestsecret0123456789abcdefghijklmnop' }
  const cluster = { id: randomUUID(), monitor: `[v2:127.0.0.1:${monPort},v1:127.0.0.1:${monPortV1}]` }
  const conf = join(folder, 'ceph.conf')
  for (const name of ['run', 'mon/a', 'osd/0']) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(conf, cephConf(folder, cluster, port, virtualHost))

  const servers: ServerProcess[] = []
  const run = (program: string, ...args: string[]) => execute(program, args, { timeout: patientMs(120_000) })
  const ceph = (...args: string[]) => run('ceph', '-c', conf, '--connect-timeout', '20', ...args)
  const launch = (name: string, program: string, ...args: string[]) => {
    const server = startProcess(name, folder, program, ['-c', conf, '-f', ...args])
    servers.push(server)
    return server
  }
  return startOrStop(servers, folder, async () => {
    const monmap = join(folder, 'monmap')
    const keyring = join(folder, 'keyring')
    await run('monmaptool', '--create', '--fsid', cluster.id, '--addv', 'a', cluster.monitor, '--clobber', monmap)
    await createKeys(keyring, run)
    await run('ceph-mon', '-c', conf, '--mkfs', '-i', 'a', '--monmap', monmap, '--keyring', keyring)
    const mon = launch('ceph-mon', 'ceph-mon', '-i', 'a')
    await waitUntilReady(mon, async () => (await ceph('quorum_status')).stdout !== '')

    const osdId = randomUUID()
    await ceph('osd', 'new', osdId, '0')
    await run('ceph-osd', '-c', conf, '-i', '0', '--mkfs', '--osd-uuid', osdId)
    const osd = launch('ceph-osd', 'ceph-osd', '-i', '0')
    await waitUntilReady(osd, async () => (await ceph('osd', 'stat')).stdout.includes('1 up'))

    const rgw = launch('radosgw', 'radosgw', '-n', 'client.rgw.lab')
    await waitUntilReady(rgw, () => answers(`http://127.0.0.1:${port}/`))
    const { accessKeyId, secretAccessKey } = credentials
    const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey]
    await run('radosgw-admin', '-c', conf, 'user', 'create', '--uid=lab', '--display-name=Lab', ...keys)
    return {
      endpoint: `http://127.0.0.1:${port}`,
      ...credentials,
      region: 'us-east-1',
      virtualHost,
      stop: options => stopAll(servers.toReversed(), folder, options),
    }
  })
}

async function createKeys(keyring: string, run: (...command: [string, ...string[]]) => Promise<unknown>) {
  const all = ['--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow *']
  await run('ceph-authtool', keyring, '--create-keyring', '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *')
  for (const name of ['client.admin', 'client.rgw.lab']) {
    await run('ceph-authtool', keyring, '--gen-key', '-n', name, '--cap', 'mon', 'allow *', ...all)
  }
  const osd = ['--cap', 'mon', 'allow profile osd', '--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow profile osd']
  await run('ceph-authtool', keyring, '--gen-key', '-n', 'osd.0', ...osd)
}

/**
 * One replica, few placement groups, objects in memory, and no daemon that is not needed. Policies on `aws:SourceIp` see what
 * X-Forwarded-For says, as behind any proxy.
 */
function cephConf(folder: string, cluster: { id: string; monitor: string }, port: number, dnsName: string): string {
  return `[global]
fsid = ${cluster.id}
mon host = ${cluster.monitor}
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
keyring = ${folder}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 2000
run dir = ${folder}/run
admin socket = ${folder}/run/$name.asok
log file = ${folder}/$name.ceph.log
log to stderr = false
err to stderr = true
crash dir = ${folder}
[mon]
mon data = ${folder}/mon/$id
mon data avail crit = 1
mon data avail warn = 2
mon cluster log file = ${folder}/cluster.log
[osd]
osd data = ${folder}/osd/$id
osd objectstore = memstore
memstore device bytes = 2147483648
osd op num threads per shard = 1
osd op num shards = 2
[client.rgw.lab]
rgw frontends = beast endpoint=127.0.0.1:${port}
rgw dns name = ${dnsName}
rgw enable usage log = false
rgw remote addr param = HTTP_X_FORWARDED_FOR
rgw lifecycle work time = 00:00-00:01
rgw thread pool size = 64
`
}
