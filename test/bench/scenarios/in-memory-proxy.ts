// The data plane in a process of its own with rules that were never written down: a file may have 1 MiB at most.
// Its one argument is an InMemorySetting as JSON.

import { fileURLToPath } from 'node:url'
import { parseConfiguration } from '../../../src/config/loading/parse-configuration.ts'
import type { CorsRule } from '../../../src/cors/rules/rule.ts'
import { createDataPlane } from '../../../src/daemon/data-plane.ts'
import { createPolicies } from '../../../src/daemon/policies.ts'
import type { ProxyObserver } from '../../../src/proxy/request/request-record.ts'
import { openDescriptorOutput } from '../../../src/telemetry/log/descriptor-output.ts'
import { createLog } from '../../../src/telemetry/log/log.ts'
import { createLogSink } from '../../../src/telemetry/log/log-sink.ts'
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts'
import { createObserver } from '../../../src/telemetry/observer.ts'
import { type Peer, startPeer } from '../peers/peer.ts'
import { allowedHeaders, allowedMethods, bucketName, exposedHeaders, originsOf, type RuleSetSize } from '../rule-set.ts'

interface InMemorySetting {
  readonly port: number
  readonly upstreamPort: number
  readonly size: RuleSetSize
  /** Counts and logs as the whole process does; otherwise nothing is. */
  readonly isObserved: boolean
}

/** What `serve` chooses on a machine with 2 GiB or more. */
const youngGeneration = '--max-semi-space-size=32'

/** It is measured as any peer is. */
export function createInMemoryPeer(name: string, isObserved: boolean): Peer {
  return {
    name,
    isNodePeer: false,
    start: ({ upstream, size }) =>
      startPeer(
        name,
        () => ({}),
        port => {
          const told: InMemorySetting = { port, upstreamPort: upstream.port, size, isObserved }
          const file = fileURLToPath(import.meta.url)
          return {
            command: process.execPath,
            args: [youngGeneration, '--max-old-space-size=12288', file, JSON.stringify(told)],
          }
        },
      ),
  }
}

function serve({ port, upstreamPort, size, isObserved }: InMemorySetting): void {
  const environment = {
    S3CORS_LISTEN: `127.0.0.1:${port}`,
    S3CORS_ADMIN: '127.0.0.1:1',
    S3CORS_UPSTREAM_URL: `http://127.0.0.1:${upstreamPort}`,
    S3CORS_UPSTREAM_CREDENTIALS: 'none',
    S3CORS_HOSTS: 'localhost',
  }
  const { configuration: base, issues } = parseConfiguration(undefined, undefined, environment, {}, () => ({
    kind: 'failed',
    message: 'there are no files',
  }))
  if (base === undefined) throw new Error(issues.map(({ message }) => message).join('\n'))
  const buckets = Array.from({ length: size.buckets }, (_, index) => {
    const name = bucketName(index)
    return { name, source: 'yaml' as const, rules: rulesOf(name, size.rules), enforcement: 'headers' as const }
  })
  const configuration = { ...base, buckets }
  const events = { onFetch() {}, onChange() {}, onDisabled() {}, onUnusable() {} }
  const dataPlane = createDataPlane({
    configuration,
    files: { upstream: {}, certificate: undefined },
    environment: {},
    observer: isObserved
      ? fullObserver(new Set(buckets.map(({ name }) => name)))
      : { started() {}, ended() {}, warned() {} },
    makePolicies: (one, endpoint, before) => createPolicies(one, endpoint, before, events),
  })
  dataPlane.server.listen({ port, host: '127.0.0.1', backlog: 4096 })
}

function fullObserver(named: ReadonlySet<string>): ProxyObserver {
  const metrics = createMetrics({ version: '0', origins: 100, status: () => [], namedBuckets: () => named })
  return createObserver({
    metrics,
    log: createLog({ level: 'info', sink: createLogSink(openDescriptorOutput(1)) }),
    access: false,
  })
}

function rulesOf(bucket: string, count: number): readonly CorsRule[] {
  return Array.from({ length: count }, (_, rule) => ({
    id: `rule-${rule}`,
    allowedOrigins: originsOf(bucket, rule),
    allowedMethods,
    allowedHeaders,
    exposeHeaders: exposedHeaders,
    maxAgeSeconds: 3000,
  }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(JSON.parse(process.argv[2] ?? '') as InMemorySetting)
