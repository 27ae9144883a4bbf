import type { Server } from 'node:http'
import { createAdminServer } from '../../admin/admin-server.ts'
import type { AdminSources, ProxyStatus } from '../../admin/admin-sources.ts'
import { createReadiness, type Readiness } from '../../admin/readiness.ts'
import { describeIssue } from '../../config/issue.ts'
import type { ReloadResult } from '../../config/loading/watch-configuration.ts'
import type { PolicySources } from '../../policies/policy-sources.ts'
import { stopAfterRequest } from '../../proxy/node/client-parser.ts'
import type { BucketAddress } from '../../s3/address/bucket-address.ts'
import { adviseOnHost } from '../../s3/address/unknown-host.ts'
import type { Log } from '../../telemetry/log/log.ts'
import type { Metrics } from '../../telemetry/metrics/metrics.ts'
import { explainQuestion, explainTyped, isAllowedNow, type TypedSettings } from './explanations.ts'
import { watchRefusedTokens } from './refused-tokens.ts'

/** What the admin port is made of. */
export interface AdminPortOptions {
  readonly policies: () => PolicySources
  /** What is in force. */
  readonly settings: () => Omit<TypedSettings, 'addressOf'>
  /** How requests are addressed, by what is in force. */
  readonly addressOf: () => (host: string, target: string) => BucketAddress
  /** Whether the S3 port takes connections. */
  readonly listening?: (() => boolean) | undefined
  /** Whether the endpoint was asked how it reads the names in Host. */
  readonly namesAsked?: (() => boolean) | undefined
  /** Brings in what other processes have counted; absent where there are none. */
  readonly gather?: (() => Promise<void>) | undefined
  readonly metrics: Metrics
  readonly log: Log
  readonly token: string | undefined
  readonly version: string
  readonly status: () => ProxyStatus
  readonly reload: () => Promise<ReloadResult>
}

/** The admin port, not yet listening. */
export interface AdminPort {
  readonly server: Server
  readonly readiness: Readiness
  close(): void
}

/** Gives the admin port what it shows. */
export function createAdminPort(options: AdminPortOptions): AdminPort {
  const { policies, metrics, log } = options
  const readiness = createReadiness({
    unasked: () => policies().unasked(),
    namesAsked: options.namesAsked,
    listening: options.listening,
  })
  const sources: AdminSources = {
    version: options.version,
    token: options.token,
    status: options.status,
    notReady: readiness.notReady,
    gather: options.gather,
    metrics: metrics.text,
    metricsType: metrics.contentType,
    explain: query => explainQuestion(query, policies(), options.settings()),
    explainTyped: query => explainTyped(query, policies(), { ...options.settings(), addressOf: options.addressOf() }),
    allowsNow: query => isAllowedNow(query, policies()),
    buckets: () => policies().describe(),
    rulesOf(bucket) {
      const { governed, source, enforcement, state } = policies().inspect(bucket)
      if (!governed) return undefined
      return { source, enforcement, state: state.kind, rules: state.kind === 'rules' ? state.policy.configuration : [] }
    },
    origins: metrics.origins,
    unknownAddresses() {
      const { buckets, hosts } = metrics.unknownAddresses()
      const addressOf = options.addressOf()
      const isUnknown = (host: string) => {
        const address = addressOf(host, '/')
        return address.kind === 'none' && address.unknownHost
      }
      const isNamed = (bucket: string) => policies().inspect(bucket).named
      return {
        buckets: { ...buckets, names: buckets.names.filter(({ name }) => !isNamed(name)) },
        hosts: {
          ...hosts,
          names: hosts.names
            .filter(({ name }) => isUnknown(name))
            .map(name => ({ ...name, todo: adviseOnHost(name.name, options.settings(), isNamed).todo })),
        },
      }
    },
    countingSinceMs: metrics.countingSinceMs,
    ruleUses(bucket) {
      const { state } = policies().inspect(bucket)
      return state.kind === 'rules' ? metrics.ruleUses(bucket, state.policy.configuration) : []
    },
    async reload() {
      const result = await options.reload()
      log.info('reload_requested', { by: 'POST /reload', result: result.kind })
      return { kind: result.kind, issues: 'issues' in result ? (result.issues ?? []).map(describeIssue) : [] }
    },
    async refresh(bucket) {
      const refreshed = policies().refresh(bucket)
      if (refreshed === undefined) return undefined
      await refreshed
      return policies()
        .describe()
        .find(status => status.bucket === bucket)
    },
    tokenRefused: watchRefusedTokens(metrics, log),
    failed: error => log.error('admin_failed', error),
  }
  const server = createAdminServer(sources)
  // One read holds two thousand requests, and Node would go on with those that follow the one that ended their connection.
  server.on('connection', socket => stopAfterRequest(socket, () => socket.destroyed))
  return {
    server,
    readiness,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
