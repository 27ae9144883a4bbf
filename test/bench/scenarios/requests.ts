import type { RepeatedRequest } from '../load/load-result.ts'
import { allowedOrigin, deniedOrigin, realisticSize, requestedBucket } from '../rule-set.ts'
import { objectBytes } from '../upstream.ts'

/** One request that all peers are measured with. */
export interface Scenario {
  readonly name: string
  readonly title: string
  readonly request: RepeatedRequest
  /** The statuses that are an answer: what a 2xx is differs, and a denied preflight is a 403. */
  readonly expects: (status: number) => boolean
  /** Whether the answer has to allow the origin. */
  readonly allowsOrigin: boolean
  /** Bytes of an object that is received: then requests are counted by bytes, since few fit into a run. */
  readonly objectBytes?: number | undefined
  /**
   * wrk takes an answer to HEAD for one with a body and sends bodies at once: such requests get a client of our own. With h2load
   * clients speak HTTP/2 over TLS.
   */
  readonly client: 'wrk' | 'own' | 'h2load'
  /** The endpoint is reached over TLS; `request.tls` says it of the client. */
  readonly tls: boolean
  /** Its figures have limits of their own, so its runs are longer. */
  readonly isMain: boolean
  /** Latency is also taken at a fixed rate. */
  readonly isPaced: boolean
}

const origin = allowedOrigin(realisticSize)
const host = 'Host: localhost'
const userAgent = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
// A signed request's fields, as an SDK sends them.
const credential = 'AKIAIOSFODNN7EXAMPLE/20261101/us-east-1/s3/aws4_request'
const signed = [
  host,
  userAgent,
  'Accept: */*',
  `Authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${'0a1b2c3d'.repeat(8)}`,
  'x-amz-content-sha256: UNSIGNED-PAYLOAD',
  'x-amz-date: 20261101T000000Z',
]
const withOrigin = [...signed, `Origin: ${origin}`]

function preflightFields(from: string): readonly string[] {
  return [
    host,
    userAgent,
    'Accept: */*',
    `Origin: ${from}`,
    'Access-Control-Request-Method: PUT',
    'Access-Control-Request-Headers: authorization,content-type,x-amz-content-sha256,x-amz-date',
  ]
}

function target(key: string): string {
  return `/${requestedBucket}/${key}`
}

const isOk = (status: number) => status >= 200 && status < 300

const usual = {
  expects: isOk,
  allowsOrigin: true,
  client: 'wrk',
  tls: false,
  isMain: false,
  isPaced: false,
} as const
const small = { bodyBytes: 0, connections: 64 }

/** A download of one object. */
function get(key: keyof typeof objectBytes, fields: readonly string[], connections: number): RepeatedRequest {
  return { method: 'GET', target: target(key), fields, bodyBytes: 0, connections }
}

function put(bodyBytes: number, connections: number): RepeatedRequest {
  return { method: 'PUT', target: target(`put-${bodyBytes}`), fields: withOrigin, bodyBytes, connections }
}

/** As many at once in each of four connections. */
function inStreams(streams: number) {
  return { bodyBytes: 0, connections: 4, streams }
}

export const scenarios: readonly Scenario[] = [
  {
    ...usual,
    name: 'preflight',
    title: 'allowed preflight',
    request: { ...small, method: 'OPTIONS', target: target('1k'), fields: preflightFields(origin) },
    isMain: true,
    isPaced: true,
  },
  {
    ...usual,
    name: 'preflight-denied',
    title: 'denied preflight',
    request: { ...small, method: 'OPTIONS', target: target('1k'), fields: preflightFields(deniedOrigin) },
    expects: status => status === 403,
    allowsOrigin: false,
  },
  {
    ...usual,
    name: 'get-1k',
    title: 'GET 1 KiB with Origin',
    request: get('1k', withOrigin, 64),
    isMain: true,
    isPaced: true,
  },
  { ...usual, name: 'get-1k-plain', title: 'GET 1 KiB plain', request: get('1k', signed, 64), allowsOrigin: false },
  {
    ...usual,
    name: 'head',
    title: 'HEAD',
    request: { ...small, method: 'HEAD', target: target('1k'), fields: withOrigin },
    client: 'own',
  },
  {
    ...usual,
    name: 'get-1m',
    title: 'GET 1 MiB',
    request: get('1m', withOrigin, 16),
    objectBytes: objectBytes['1m'],
    isMain: true,
  },
  {
    ...usual,
    name: 'get-256m',
    title: 'GET 256 MiB',
    request: get('256m', withOrigin, 2),
    objectBytes: objectBytes['256m'],
  },
  { ...usual, name: 'put-1k', title: 'PUT 1 KiB', request: put(1024, 64) },
  { ...usual, name: 'put-1m', title: 'PUT 1 MiB', request: put(1024 ** 2, 16), isMain: true },
  {
    ...usual,
    name: 'put-1m-expect',
    title: 'PUT 1 MiB with Expect',
    request: { ...put(1024 ** 2, 16), expectsContinue: true },
    client: 'own',
  },
  {
    ...usual,
    name: 'tls-client-1k',
    title: 'GET 1 KiB, client over TLS',
    request: { ...get('1k', withOrigin, 64), tls: true },
  },
  { ...usual, name: 'https-1k', title: 'GET 1 KiB, HTTPS upstream', request: get('1k', withOrigin, 64), tls: true },
  {
    ...usual,
    name: 'https-1m',
    title: 'GET 1 MiB, HTTPS upstream',
    request: get('1m', withOrigin, 16),
    objectBytes: objectBytes['1m'],
    tls: true,
  },
  {
    ...usual,
    name: 'https-put-1m',
    title: 'PUT 1 MiB, HTTPS upstream',
    request: put(1024 ** 2, 16),
    tls: true,
  },
  {
    ...usual,
    name: 'h2-preflight',
    title: 'allowed preflight, HTTP/2',
    request: { ...inStreams(16), method: 'OPTIONS', target: target('1k'), fields: preflightFields(origin) },
    client: 'h2load',
  },
  {
    ...usual,
    name: 'h2-get-1k',
    title: 'GET 1 KiB, HTTP/2',
    request: { ...get('1k', withOrigin, 4), ...inStreams(16) },
    client: 'h2load',
  },
  {
    ...usual,
    name: 'h2-get-1m',
    title: 'GET 1 MiB, HTTP/2',
    request: { ...get('1m', withOrigin, 4), ...inStreams(4) },
    objectBytes: objectBytes['1m'],
    client: 'h2load',
  },
  {
    ...usual,
    name: 'h2-put-1m',
    title: 'PUT 1 MiB, HTTP/2',
    request: { ...put(1024 ** 2, 4), streams: 4 },
    client: 'h2load',
  },
]
