// The endpoint behind every peer: an nginx with files in memory that answers as MinIO does, CORS fields included.

import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { freePorts } from '../servers/free-ports.ts'
import { answers, startOrStop, startProcess, stopAll, waitUntilReady } from '../servers/server-process.ts'
import { loadCore, pinned, program } from './machine.ts'
import { requestedBucket } from './rule-set.ts'

export interface Upstream {
  readonly port: number
  /** The same over TLS, with a certificate for `localhost`. */
  readonly tlsPort: number
  /** PEM file of the certificate. */
  readonly caFile: string
  stop(): Promise<void>
}

export const objectBytes = { '1k': 1024, '1m': 1024 ** 2, '256m': 256 * 1024 ** 2 } as const

/** Starts it on the load's core: with files it needs a fifth of what the cheapest proxy does. */
export async function startUpstream(cores: string | number = loadCore): Promise<Upstream> {
  const [port = 0, tlsPort = 0] = await freePorts(2)
  // Not on a disk, which would be part of what is measured.
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const folder = mkdtempSync(join(memory, 's3-cors-proxy-upstream-'))
  const bucket = join(folder, requestedBucket)
  for (const name of [bucket, join(folder, 'uploads')]) mkdirSync(name)
  for (const [name, bytes] of Object.entries(objectBytes)) {
    writeFileSync(join(bucket, name), '')
    truncateSync(join(bucket, name), bytes)
  }
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, localhostCertificate)
  writeFileSync(join(folder, 'key.pem'), localhostKey)
  const configFile = join(folder, 'nginx.conf')
  writeFileSync(configFile, configuration(folder, port, tlsPort))
  const server = startProcess(
    'upstream',
    folder,
    ...pinned(cores, program('nginx'), ['-c', configFile, '-e', 'stderr']),
  )
  return startOrStop([server], folder, async () => {
    const url = `http://127.0.0.1:${port}/${requestedBucket}/1k`
    await waitUntilReady(server, () => answers(url, status => status === 200), 20_000)
    const stop = async () => {
      await stopAll([server], folder)
      rmSync(folder, { recursive: true, force: true })
    }
    return { port, tlsPort, caFile, stop }
  })
}

function configuration(folder: string, port: number, tlsPort: number): string {
  return `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_requests 100000000;
  keepalive_timeout 75s;
  client_max_body_size 0;
  client_body_buffer_size 1m;
  client_body_temp_path ${folder}/uploads;
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    listen 127.0.0.1:${tlsPort} ssl backlog=4096;
    ssl_certificate ${folder}/ca.pem;
    ssl_certificate_key ${folder}/key.pem;
    ssl_session_cache shared:tls:1m;
    root ${folder};
    add_header x-amz-request-id 17FA8E1B5C0D2A34;
    add_header x-amz-id-2 dd9025bab4ad464b049177c95eb6ebf374d3b3fd1af9251148b658df7ac2e3e8;
    add_header Vary Origin;
    add_header Vary Accept-Encoding;
    add_header Access-Control-Allow-Origin $http_origin;
    add_header X-Content-Type-Options nosniff;
    location / { dav_methods PUT; }
  }
}
`
}
