// What a stranger may try with method, Host, path, query and fields to reach the documents of managed rules, or to change the bucket
// that they are in: each attempt through the data plane, in front of an endpoint that records what reaches it.

import t from 'tap'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import type { ReceivedRequest } from '../fixtures/request-reader.ts'
import { type Settings, startTestProxy } from '../fixtures/test-proxy.ts'

t.setTimeout(300_000)

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']
const hosts = [
  ...['127.0.0.1', 'localhost', 'rules', 'media', 'RULES', 'rules:9000', 'rules.', 'files.example', 'rules.localhost'],
  ...['rules.s3.example', 'media.s3.example', 'RULES.s3.example', 'rules.s3.example.', 'rules.eu.s3.example'],
  ...['rules.elsewhere.example', 'media.elsewhere.example', 'media.rules.s3.example', 'rules.media.s3.example'],
]
const paths = [
  ...['/', '/any', '/any/', '/cors/media.json', '/c%6frs/media.json', '//cors/media.json', '/x/../cors/media.json'],
  ...['/rules', '/rules/', '/rules//', '/rules/.', '/rules/%2f', '/rules/any', '/rules/any/', '/rules/cors'],
  ...['/rules/cors/', '/rules/cors/media.json', '/rules//cors/media.json', '/rules/./cors/media.json'],
  ...[
    '/rules/x/../cors/media.json',
    '/rules/c%6Frs/media.json',
    '/rules/c%256Frs/media.json',
    '/rules/Cors/media.json',
  ],
  ...['/rules/cors%2Fmedia.json', '/rules/cors\\media.json', '/rules/cors%5cmedia.json', '/rules/cors/..%2fcors/a'],
  ...['/%72ules/cors/media.json', '/%2572ules/cors/media.json', '/RULES/cors/media.json', '/rules./cors/media.json'],
  ...['/rules%20/cors/media.json', '//rules/cors/media.json', '/./rules/cors/media.json', '/%2e/rules/cors/media.json'],
  ...['/rules%2fcors/media.json', '/rules%5ccors/media.json', '/\\rules/cors/media.json', '/rules;x/cors/media.json'],
  ...['/media/../rules/cors/media.json', '/media/..', '/media/%2e%2e/rules/cors/media.json', '/media/../rules'],
  ...['/media/..%2frules/cors/media.json', '/media/a/../../rules/cors/media.json', '/media/..\\rules\\cors\\a'],
  ...['/media/%252e%252e/rules/cors/media.json', '/media/..;/rules/cors/media.json', '/media/./../rules/any'],
  ...['/:rules/cors/media.json', '/t%3Arules/cors/media.json', '/swift/v1/rules/cors/media.json'],
  ...['/v1/AUTH_a/rules/cors/media.json', '/admin/bucket/rules', '/minio/rules/cors', '/media', '/media/k'],
]
const queries = [
  ...['', '?delete', '?delete=', '?%64elete', '?DELETE', '?uploads&delete', '?uploads;delete', '?x&delete', '?policy'],
  ...['?lifecycle', '?versioning', '?replication', '?acl', '?tagging', '?website', '?object-lock', '?notification'],
  ...['?uploads', '?uploadId=a', '?uploadId=a&partNumber=1', '?restore', '?select&select-type=2', '?renameObject'],
  ...[
    '?versionId=null',
    '?list-type=2&metadata=true',
    '?versions&metadata=true',
    '?append&position=0',
    '?prefix=cors/',
  ],
  ...['?x-amz-copy-source=%2Frules%2Fcors%2Fmedia.json', '?X-Amz-Copy-Source=rules/cors/a', '?x-amz-meta-a=b'],
  '?X-Amz-Meta-Snowball-Auto-Extract=true',
]
const fields = [
  ...['', 'x-amz-copy-source: /rules/cors/media.json\r\n', 'X-Amz-Copy-Source: %2Frules%2Fc%6Frs%2Fmedia.json\r\n'],
  ...[
    'X_Amz_Copy_Source: rules/cors/a\r\n',
    'x-amz-copy-source: /media/../rules/cors/a\r\n',
    'X-Copy-From: rules/cors/a\r\n',
  ],
  ...[
    'X-Symlink-Target: rules/cors/a\r\n',
    'X-Object-Manifest: rules/co\r\n',
    'X-Container-Sync-To: //realm/here/AUTH_a/rules\r\n',
    'x-goog-copy-source: t:rules/cors/a\r\n',
  ],
  ...[
    'X-Amz-Meta-Snowball-Auto-Extract: true\r\n',
    'x-amz-meta-snowball-auto-extract: true\r\n',
    'x-minio-force-delete: true\r\n',
  ],
]

const settings: Readonly<Record<string, Settings>> = {
  'names that the endpoint was not asked about': {},
  'bases and hosts': { virtualHosts: ['s3.example', 'eu.s3.example'], hosts: ['files.example'] },
  'Host rewritten': { upstream: { host: 'rewrite', credentials: 'environment' }, virtualHosts: ['s3.example'] },
  'doors opened': { unknownPaths: 'forward', virtualHosts: ['s3.example'] },
}

interface Place {
  readonly bucket: string
  readonly key: string
}

/** Every bucket and key that a server may find in what it receives, read as loosely as any of deploy/endpoints.md does. */
function placesOf({ target, fields }: ReceivedRequest): readonly Place[] {
  const host = (fields.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '').toLowerCase().replace(/:\d*$/, '')
  const labels = host.replace(/\.$/, '').split('.')
  const written = target.split('?')[0] ?? ''
  return [written, decoded(written), decoded(decoded(written))].flatMap(path => {
    const segments = cleaned(path)
    const inHost = labels.map((_, end) => ({ bucket: labels.slice(0, end + 1).join('.'), key: segments.join('/') }))
    const isDoor = /^(?:swift|v1|admin|minio)$/.test(segments[0] ?? '')
    const inPath = segments.slice(0, isDoor ? undefined : 1).flatMap((segment, index) =>
      segment.split(/[:;]/).map(part => ({
        bucket: part.replace(/[\s.]+$/, ''),
        key: segments.slice(index + 1).join('/'),
      })),
    )
    return [...inHost, ...inPath]
  })
}

/** As a file system has it. */
function cleaned(path: string): readonly string[] {
  const kept: string[] = []
  for (const segment of path.toLowerCase().replaceAll('\\', '/').split('/')) {
    const name = segment.replace(/;.*/, '') === '..' ? '..' : segment
    if (name === '..') kept.pop()
    else if (name !== '' && name !== '.') kept.push(name)
  }
  return kept
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What an endpoint may do to the store by this request. */
function harmOf(request: ReceivedRequest): string | undefined {
  const { method, target, fields } = request
  const query = target.includes('?') ? target.slice(target.indexOf('?') + 1) : ''
  if (/^P/.test(method) && query === 'replication') return 'a replication, which may be into the store'
  for (const { bucket, key } of placesOf(request)) {
    if (bucket !== 'rules') continue
    if (/^cors(?:\/|$)/.test(key)) return 'an object of the store'
    if (key === '' && !/^(?:GET|HEAD)$/.test(method)) return 'a write to the bucket of the store'
    if (key === '' && /metadata|events/.test(query)) return 'a list that shows what objects hold'
    if (method === 'POST' && !/^(?:uploads|uploadId=[^&;]+)$/.test(query)) return 'a POST to the bucket of the store'
    if (method === 'PUT' && /^(?:policy|lifecycle|versioning|replication|website)/.test(query))
      return 'a write to the bucket'
    if (method === 'PUT' && /auto-extract/i.test(query + fields.flat().join())) return 'an archive for the store'
  }
  const parameters = query.split('&').map(parameter => parameter.split('=', 2))
  for (const [name = '', value = ''] of [...fields, ...parameters]) {
    if (
      !/(?:copy-source|x-copy-from|x-symlink-target|x-object-manifest|x-container-sync-to)$/i.test(
        name.replaceAll('_', '-'),
      )
    )
      continue
    const source = decoded(decoded(value))
    if (/(?:PUT|POST)/.test(method) && /rules/i.test(source) && (/co/i.test(source) || /sync/i.test(name)))
      return `a copy of the store's object: ${name}`
  }
  return undefined
}

for (const [turn, [name, more]] of Object.entries(settings).entries()) {
  t.test(name, async t => {
    const upstream = await startRecordingUpstream(t, {
      answer: ({ method }) => `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${method === 'HEAD' ? '' : 'ok'}`,
    })
    const proxy = await startTestProxy(t, upstream.url.replace('127.0.0.1', 'localhost'), {
      buckets: { kept: { from: 'managed' } },
      managed: { store: { bucket: 'rules', prefix: 'cors/' } },
      upstream: { credentials: 'environment' },
      ...more,
    })
    const sent = new Map<string, string>()
    await proxy.send(
      t,
      'PUT /media/k HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Attempt: plain\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    )
    for (const [index, path] of paths.entries()) {
      await Promise.all(
        hosts.flatMap((host, at) =>
          queries.map(async (query, place) => {
            // Of half a million, each path with each query and each Host with each field, in each configuration others.
            if ((index + 7 * at + 11 * place + turn) % 13 !== 0) return
            const method = methods[(index + at + 3 * place + turn) % methods.length] ?? ''
            const field = fields[(index + at + place) % fields.length] ?? ''
            const attempt = `${index}-${at}-${place}`
            const bytes = `${method} ${path}${query} HTTP/1.1\r\nHost: ${host}\r\n${field}X-Attempt: ${attempt}\r\nConnection: close\r\n${/^P/.test(method) ? 'Content-Length: 0\r\n' : ''}\r\n`
            sent.set(attempt, bytes)
            await proxy.send(t, bytes)
          }),
        ),
      )
    }
    const arrived = upstream.requests.filter(({ fields }) => fields.some(([field]) => field === 'X-Attempt'))
    const harm = arrived.flatMap(request => {
      const fault = harmOf(request)
      const attempt = request.fields.find(([field]) => field === 'X-Attempt')?.[1] ?? ''
      return fault === undefined ? [] : `${fault}: ${JSON.stringify(sent.get(attempt))}`
    })
    t.strictSame(harm.slice(0, 20), [], `${harm.length} of ${sent.size} attempts`)
    t.ok(sent.size >= 2000, `${sent.size} attempts`)
    const passed = new Set(arrived.map(({ method, target }) => `${method} ${target}`))
    t.ok(
      [...passed].some(request => /^PUT \/media\/k/.test(request)),
      'what is about other buckets arrives',
    )
    t.ok(
      [...passed].some(request => /^(?:GET|HEAD) \/rules\/any/.test(request)),
      'and what is about other keys',
    )
    t.strictSame(upstream.faults, [])
  })
}
