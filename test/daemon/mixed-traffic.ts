// Every kind of request and every outcome that the metrics tell apart, each with what it must be counted as.

import { setTimeout as sleep } from 'node:timers/promises'
import { sendHttp } from '../clients/http-request.ts'
import { openRaw, raw } from '../fixtures/raw-client.ts'
import { type Answer, answerOk } from '../fixtures/recording-upstream.ts'

export const page = 'https://app.example'
export const uploadBytes = 10_000

const liveRules = `<?xml version="1.0" encoding="UTF-8"?><CORSConfiguration><CORSRule><AllowedOrigin>${page}</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`

/** The configuration's part for this traffic: ten origins each are label values, and rules are fetched every second. */
export const mixedConfiguration = `buckets:
  media:
    CORSRules:
      - ID: web
        AllowedOrigins: ["${page}"]
        AllowedMethods: [GET, PUT]
        AllowedHeaders: [content-type]
        MaxAgeSeconds: 60
  live: { from: upstream }
  gone: { from: upstream }
  kept: { from: managed }
  reported: { CORSRules: [{ AllowedOrigins: ["${page}"], AllowedMethods: [GET] }], enforcement: report }
  blocked: { CORSRules: [{ AllowedOrigins: ["${page}"], AllowedMethods: [GET] }], enforcement: block }
rules: { freshSeconds: 1 }
managed: { store: { directory: . } }
metrics: { origins: 10 }
`

/** An endpoint that reflects every origin, and fails as the key says. */
export const answerMixed: Answer = (request, connection) => {
  const { target } = request
  if (target.startsWith('/live') && target.includes('cors')) return respond(200, liveRules)
  if (target.startsWith('/gone') && target.includes('cors')) return respond(503, '')
  if (target.includes('reset')) connection.socket.resetAndDestroy()
  else if (target.includes('malformed')) return 'what is this\r\n\r\n'
  else if (target.includes('truncated')) connection.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort')
  else if (!target.includes('hang')) {
    const origin = request.fields.find(([name]) => name.toLowerCase() === 'origin')?.[1]
    if (origin === undefined) return answerOk(request, connection)
    return respond(200, 'ok', `Access-Control-Allow-Origin: ${origin}\r\nAccess-Control-Allow-Credentials: true\r\n`)
  }
  return undefined
}

function respond(status: number, body: string, fields = ''): string {
  return `HTTP/1.1 ${status} Said\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
}

/** Where a request is counted. */
export interface Counted {
  readonly kind: 'preflight' | 'actual' | 'plain' | 'managed' | 'rejected'
  readonly code: 'none' | '2xx' | '4xx' | '5xx'
  /** `bucket decision reason` of preflights and actual requests. */
  readonly decision?: string
  readonly failure?: string
}

interface Case extends Counted {
  readonly send: (port: number) => Promise<unknown>
}

function http(method: string, target: string, origin?: string, more: Readonly<Record<string, string>> = {}) {
  const headers = { ...(origin === undefined ? {} : { Origin: origin }), ...more }
  const body = method === 'PUT' ? 'x'.repeat(uploadBytes) : undefined
  // A response that breaks off is a failure to the client.
  return (port: number) =>
    sendHttp({ url: `http://127.0.0.1:${port}${target}`, method, headers, body }).catch(() => undefined)
}

function preflight(target: string, origin: string, method = 'GET', headers?: string) {
  const more = headers === undefined ? {} : { 'Access-Control-Request-Headers': headers }
  return http('OPTIONS', target, origin, { 'Access-Control-Request-Method': method, ...more })
}

function bytes(text: string) {
  return (port: number) => raw(port, text, 1000)
}

/** A client that goes away while the endpoint is at work. */
async function giveUp(port: number): Promise<void> {
  const client = await openRaw(port)
  await client.write(`GET /media/hang HTTP/1.1\r\nHost: a\r\nOrigin: ${page}\r\n\r\n`)
  await sleep(200)
  client.destroy()
}

const evil = 'https://evil.example'
const matched = 'media allowed matched'

export const cases: readonly Case[] = [
  { send: preflight('/media/a', page), kind: 'preflight', code: '2xx', decision: matched },
  { send: preflight('/media/a', page, 'PUT', 'content-type'), kind: 'preflight', code: '2xx', decision: matched },
  { send: preflight('/live/a', page), kind: 'preflight', code: '2xx', decision: 'live allowed matched' },
  { send: preflight('/media/a', evil), kind: 'preflight', code: '4xx', decision: 'media denied origin' },
  { send: preflight('/media/a', 'null'), kind: 'preflight', code: '4xx', decision: 'media denied origin' },
  { send: preflight('/media/a', page, 'DELETE'), kind: 'preflight', code: '4xx', decision: 'media denied method' },
  {
    send: preflight('/media/a', page, 'PUT', 'x-secret'),
    kind: 'preflight',
    code: '4xx',
    decision: 'media denied header',
  },
  { send: preflight('/media/a', page, 'PATCH'), kind: 'preflight', code: '4xx', decision: 'media denied bad_request' },
  { send: http('OPTIONS', '/media/a'), kind: 'preflight', code: '4xx', decision: 'media denied bad_request' },
  { send: preflight('/media/a', '"><script>'), kind: 'preflight', code: '4xx', decision: 'media denied origin' },
  { send: preflight('/nobody/a', page), kind: 'preflight', code: '4xx', decision: 'other denied no_rules' },
  { send: preflight('/gone/a', page), kind: 'preflight', code: '5xx', decision: 'gone denied rules_unavailable' },
  { send: preflight('/reported/a', evil), kind: 'preflight', code: '2xx', decision: 'reported denied origin' },
  { send: http('GET', '/media/a', page), kind: 'actual', code: '2xx', decision: matched },
  { send: http('PUT', '/media/a', page), kind: 'actual', code: '2xx', decision: matched },
  { send: http('GET', '/media/a', evil), kind: 'actual', code: '2xx', decision: 'media denied origin' },
  { send: http('GET', '/live/a', page), kind: 'actual', code: '2xx', decision: 'live allowed matched' },
  { send: http('GET', '/reported/a', evil), kind: 'actual', code: '2xx', decision: 'reported denied origin' },
  { send: http('GET', '/blocked/a', evil), kind: 'actual', code: '4xx', decision: 'blocked denied origin' },
  { send: http('GET', '/nobody/a', page), kind: 'actual', code: '2xx', decision: 'other denied no_rules' },
  { send: http('GET', '/media/reset', page), kind: 'actual', code: '5xx', decision: matched, failure: 'reset' },
  { send: http('GET', '/media/malformed', page), kind: 'actual', code: '5xx', decision: matched, failure: 'malformed' },
  { send: http('GET', '/media/truncated', page), kind: 'actual', code: '2xx', decision: matched, failure: 'truncated' },
  { send: http('GET', '/media/hang', page), kind: 'actual', code: '5xx', decision: matched, failure: 'timeout' },
  { send: giveUp, kind: 'actual', code: 'none', decision: matched },
  { send: http('GET', '/media/a'), kind: 'plain', code: '2xx' },
  { send: http('HEAD', '/media/a'), kind: 'plain', code: '2xx' },
  { send: http('PUT', '/media/a'), kind: 'plain', code: '2xx' },
  { send: http('DELETE', '/media/a'), kind: 'plain', code: '2xx' },
  // Unsigned, so of no account: refused without a word to the endpoint.
  { send: http('DELETE', '/kept?cors', page), kind: 'managed', code: '4xx' },
  { send: http('PATCH', '/media/a'), kind: 'rejected', code: '4xx' },
  { send: bytes('GET /media/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'), kind: 'rejected', code: '4xx' },
  { send: bytes('GET /media/a HTTP/1.1\r\n\r\n'), kind: 'rejected', code: '4xx' },
  {
    send: bytes(`GET /media/a HTTP/1.1\r\nHost: a\r\nOrigin: ${page}\r\nOrigin: ${evil}\r\n\r\n`),
    kind: 'rejected',
    code: '4xx',
  },
  {
    send: bytes('PUT /media/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'),
    kind: 'rejected',
    code: '4xx',
  },
  { send: bytes('PUT /media/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n'), kind: 'rejected', code: '5xx' },
  { send: bytes('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'), kind: 'rejected', code: '4xx' },
  { send: bytes('hello\r\n\r\n'), kind: 'rejected', code: '4xx' },
]

/** How many requests of a round come from an origin of their own. */
export const inventedOrigins = 20

/** Sends every case once, and some invented origins; answers what must have been counted. */
export async function sendRound(port: number, round: number): Promise<readonly Counted[]> {
  await Promise.all(cases.map(({ send }) => send(port)))
  for (let index = 0; index < inventedOrigins; index++) {
    await preflight('/media/a', `https://r${round}i${index}.example`)(port)
  }
  const invented: Counted = { kind: 'preflight', code: '4xx', decision: 'media denied origin' }
  return [...cases, ...Array.from({ length: inventedOrigins }, () => invented)]
}
