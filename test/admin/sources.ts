import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdminServer } from '../../src/admin/admin-server.ts'
import type { AdminSources } from '../../src/admin/admin-sources.ts'
import { parseCorsRequest } from '../../src/cors/decision/cors-request.ts'
import { compilePolicy } from '../../src/cors/decision/policy.ts'
import { explain } from '../../src/cors/explain/explain.ts'

/** 2026-01-02T03:04:05Z */
export const nowMs = 1_767_323_045_000

const policy = compilePolicy([
  {
    id: 'web',
    allowedOrigins: ['https://app.example'],
    allowedMethods: ['GET'],
    allowedHeaders: [],
    exposeHeaders: [],
  },
])

/** A proxy with one bucket and one denied origin, changed as given. */
export function makeSources(changes: Partial<AdminSources> = {}): AdminSources {
  return {
    version: '1.2.3',
    token: undefined,
    status: () => ({
      endpoint: 'http://minio.example:9000',
      url: 'http://127.0.0.1:8080',
      workers: 1,
      names: [],
      configuration: {
        file: 'config.yaml',
        sha256: 'ab'.repeat(32),
        sinceMs: nowMs - 600_000,
        changes: [],
        restartRequired: [],
        refused: [],
      },
    }),
    notReady: () => [],
    metrics: async () => 'up 1\n',
    metricsType: 'text/plain; version=0.0.4; charset=utf-8',
    explain: ({ bucket, method, origin, requestMethod, requestHeaders }) =>
      explain(policy, parseCorsRequest(method, origin, requestMethod, requestHeaders), bucket, { entry: 'named' }),
    countingSinceMs: nowMs - 3_600_000,
    ruleUses: bucket => (bucket === 'media' ? [{ index: 0, id: 'web', count: 4, lastMatchedMs: nowMs - 2000 }] : []),
    explainTyped: ({ bucket, method, origin, requestMethod, requestHeaders }) =>
      explain(policy, parseCorsRequest(method, origin, requestMethod, requestHeaders), bucket, { entry: 'named' }),
    allowsNow: () => false,
    rulesOf: bucket =>
      bucket === 'media'
        ? { source: 'yaml', enforcement: 'headers', state: 'rules', rules: policy.configuration }
        : undefined,
    buckets: () => [
      { bucket: 'media', source: 'yaml', enforcement: 'headers', state: 'rules', rules: 1 },
      {
        bucket: 'uploads',
        source: 'upstream',
        enforcement: 'block',
        state: 'unknown',
        rules: 0,
        fetchedAt: nowMs - 5000,
        ageSeconds: 5,
        lastResult: 'timeout',
        nextTryAt: nowMs + 30_000,
        notes: ['a note'],
      },
    ],
    origins: () => ({
      lines: [
        {
          origin: 'https://dev.example',
          bucket: 'media',
          decision: 'denied',
          reason: 'origin',
          count: 3,
          lastBucket: 'media',
          unknownHost: undefined,
          firstSeenMs: nowMs - 60_000,
          lastSeenMs: nowMs - 1000,
          preflights: 2,
          requests: [
            {
              bucket: 'media',
              method: 'PUT',
              headers: ['content-type'],
              preflights: 2,
              actual: 0,
              endpointAllowed: 0,
              endpointRefused: 0,
              firstSeenMs: nowMs - 60_000,
              lastSeenMs: nowMs - 1000,
            },
          ],
          otherRequests: 1,
          method: 'PUT',
          headers: ['content-type'],
          preflight: true,
          enforcement: 'headers',
          upstreamAllowOrigin: undefined,
        },
      ],
      rest: [{ origin: 'invalid', bucket: 'other', decision: 'denied', reason: 'bad_request', count: 7 }],
      overflow: 0,
      lastRefusals: [
        {
          origin: 'https://dev.example',
          bucket: 'media',
          unknownHost: undefined,
          reason: 'origin',
          method: 'PUT',
          headers: ['content-type'],
          preflight: true,
          count: 2,
          firstSeenMs: nowMs - 3000,
          lastSeenMs: nowMs - 1000,
        },
      ],
    }),
    unknownAddresses: () => ({
      buckets: { names: [{ name: 'medai', count: 5, firstSeenMs: nowMs - 9000, lastSeenMs: nowMs - 4000 }], others: 0 },
      hosts: {
        names: [
          {
            name: 's3.example',
            count: 6,
            firstSeenMs: nowMs - 9000,
            lastSeenMs: nowMs - 4000,
            todo: 'add hosts: [s3.example]',
          },
        ],
        others: 2,
      },
    }),
    reload: async () => ({ kind: 'applied', issues: [] }),
    refresh: async bucket =>
      bucket === 'uploads'
        ? { bucket, source: 'upstream', enforcement: 'block', state: 'none', rules: 0, lastResult: 'none' }
        : undefined,
    now: () => nowMs,
    ...changes,
  }
}

/** A response with its fields in lower case. */
export interface Reply {
  readonly status: number
  readonly fields: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Starts an admin server, and gives a way to ask it and a way to stop it. */
export async function startAdmin(changes: Partial<AdminSources> = {}, address = '127.0.0.1') {
  const server = createAdminServer(makeSources(changes))
  await new Promise<void>(resolve => server.listen(0, address, resolve))
  const { port } = server.address() as AddressInfo
  const ask = (
    method: string,
    path: string,
    headers: Record<string, string | string[]> = {},
    body?: string,
    host = '127.0.0.1',
  ) =>
    new Promise<Reply>((resolve, reject) => {
      // As curl and browsers do; without an agent, Node would say `close`.
      const all = { connection: 'keep-alive', ...headers }
      const sent = request({ host, port, method, path, headers: all, agent: false }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', part => {
          text += part
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, fields: response.headers, body: text }))
      })
      sent.on('error', reject)
      sent.end(body)
    })
  const stop = () => {
    server.close()
    server.closeAllConnections()
  }
  return { server, port, ask, stop }
}
