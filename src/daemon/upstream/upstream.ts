import type { Configuration } from '../../config/configuration.ts'
import { UpstreamPool } from '../../proxy/upstream/pool/upstream-pool.ts'
import type { CredentialProvider } from '../../s3/endpoint/credentials.ts'
import { anonymous, createEnvironmentCredentials } from '../../s3/endpoint/credentials.ts'
import type { Transport } from '../../s3/endpoint/endpoint-transport.ts'
import { createTransport } from '../../s3/endpoint/endpoint-transport.ts'
import type { S3Caller } from '../../s3/endpoint/s3-call.ts'
import { createS3Caller } from '../../s3/endpoint/s3-call.ts'
import { createOpenSocket } from './upstream-sockets.ts'

/** The content of the files that TLS towards the endpoint needs. */
export interface UpstreamFiles {
  readonly ca?: Buffer | undefined
  readonly cert?: Buffer | undefined
  readonly key?: Buffer | undefined
}

/** One endpoint as this process reaches it: the data path's connections, and calls in the proxy's own name. */
export interface Upstream {
  /** Equal for configurations that reach the same endpoint in the same way. */
  readonly identity: string
  readonly pool: UpstreamPool
  readonly transport: Transport
  readonly call: S3Caller
  /** For callers' own `?cors` requests: connections apart, so that many of them cannot hold up the fetching of rules. */
  readonly forward: Transport
  /** Idle connections end now, the others when their exchange is over. */
  close(): void
}

/** What makes an upstream another one: any of its settings, or the content of one of its files. */
export function upstreamIdentity(configuration: Configuration, files: UpstreamFiles): string {
  const { upstream, rules, limits } = configuration
  const contents = [files.ca, files.cert, files.key].map(file => file?.toString('base64'))
  return JSON.stringify([upstream, rules.timeoutSeconds, limits.headerBytes, contents])
}

// A person waits for it, with a client that retries: longer than one look at the rules, shorter than a client's patience.
const forwardMs = 10_000

/** What the process has room for. */
export interface UpstreamBounds {
  readonly upstreamConnections: number
  /** 512 KiB each. */
  readonly longBuffers: number
}

/** Sets the upstream up; nothing is connected yet. It is `before` where that reaches the same endpoint in the same way. */
export function createUpstream(
  configuration: Configuration,
  files: UpstreamFiles,
  environment: Readonly<Record<string, string | undefined>>,
  bounds: UpstreamBounds = { upstreamConnections: configuration.upstream.connections, longBuffers: 16 },
  before?: Upstream,
): Upstream {
  const identity = upstreamIdentity(configuration, files)
  if (before?.identity === identity) return before
  const { upstream, rules, limits } = configuration
  const { protocol, hostname, port } = upstream.url
  const pool = new UpstreamPool({
    open: createOpenSocket({ protocol, hostname, port, ...files }),
    connections: bounds.upstreamConnections,
    longBuffers: bounds.longBuffers,
    queue: upstream.queue,
    queueMs: upstream.queueSeconds * 1000,
    connectMs: upstream.connectSeconds * 1000,
    keepAliveMs: upstream.keepAliveSeconds * 1000,
    parserLimits: { headerBytes: limits.headerBytes, fields: 256, informational: 32 },
    now: () => performance.now(),
  })
  const transport = createTransport({ url: upstream.url, ...files, timeoutMs: rules.timeoutSeconds * 1000 })
  const forward = createTransport({ url: upstream.url, ...files, timeoutMs: forwardMs, connections: 4 })
  const credentials: CredentialProvider =
    upstream.credentials === 'none' ? anonymous : createEnvironmentCredentials(environment)
  const call = createS3Caller({
    transport,
    protocol,
    region: upstream.region,
    addressing: upstream.addressing,
    credentials,
  })
  return {
    identity,
    pool,
    transport,
    call,
    forward,
    close() {
      pool.close()
      void transport.close()
      void forward.close()
    },
  }
}
