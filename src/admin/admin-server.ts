import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Caller, createTokenCheck, isForeign, isLocal, isRebound, isRelayed } from './access.ts'
import { createAdminConnections } from './admin-connections.ts'
import type { AdminSources } from './admin-sources.ts'
import { type Answer, errorAnswer } from './answer.ts'
import { createOwnerCheck } from './connection-owner.ts'
import { createMetricsText } from './metrics-text.ts'
import { renderSignIn } from './page/sign-in.ts'
import { findRoutes } from './routes.ts'
import { createWrongTokens, type WrongTokens } from './wrong-tokens.ts'

/** A POST here says everything in its path. */
const maxBodyBytes = 4096

/**
 * On every answer. No Access-Control field is ever among them: no page of another origin may read anything here. Nothing is
 * kept by a cache, framed, or taken for another type; the page loads its own style and script and nothing else.
 */
const commonFields: readonly (readonly [string, string])[] = [
  ['Cache-Control', 'no-store'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  [
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ],
]

/** The admin port, not yet listening. To end it: `close()` and `closeAllConnections()`. */
export function createAdminServer(given: AdminSources): Server {
  const sources: AdminSources = { ...given, metrics: createMetricsText(given.metrics) }
  // No browser and no scraper pipelines; an answer that is read leaves at once.
  const connections = createAdminConnections({
    connections: () => server.maxConnections,
    requests: 4,
    unreadBytes: 8 * 1024 * 1024,
  })
  const guard: TokenGuard = {
    isToken: createTokenCheck(sources.token),
    wrong: createWrongTokens(),
    isOwn: createOwnerCheck(),
  }
  const server = createServer(
    {
      maxHeaderSize: 16_384,
      headersTimeout: 5000,
      requestTimeout: 10_000,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      if (!connections.begin(request)) return
      answerRequest(sources, guard, request)
        .catch((error: unknown) => {
          sources.failed?.(error)
          return errorAnswer(500, 'this failed; the log says why')
        })
        .then(answer => {
          const content = contentOf(answer)
          connections.sending(request, response, content.length)
          send(request, response, answer, content)
        })
    },
  )
  // Some versions of Node drop field lines beyond a count without a word, and a relay's own come last. A head is short.
  server.maxHeadersCount = 0
  // A few scrapers, probes and people: more connections here take no sockets from the S3 port.
  server.maxConnections = 256
  server.on('connection', connections.opened)
  server.timeout = 30_000
  return server
}

// The last text and its bytes: the metrics go to all who ask at once, and are kept once.
let lastBody = ''
let lastContent = Buffer.alloc(0)

function contentOf({ body }: Answer): Buffer {
  if (body !== lastBody) {
    lastBody = body
    lastContent = Buffer.from(body)
  }
  return lastContent
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, fields }: Answer,
  content: Buffer,
): void {
  const all = [['Content-Type', type], ['Content-Length', String(content.length)], ...commonFields, ...(fields ?? [])]
  // What is left of an unread body would be taken for the next request.
  if (!request.complete) all.push(['Connection', 'close'])
  response.writeHead(status, all.flat())
  response.end(request.method === 'HEAD' ? undefined : content)
}

/** The value of a field that may be there once; undefined without it, null when it is there more than once. */
function single(request: IncomingMessage, name: string): string | undefined | null {
  const values = request.headersDistinct[name] ?? []
  return values.length > 1 ? null : values[0]
}

function readCaller(request: IncomingMessage): Caller | undefined {
  const [host, origin, secFetchSite, authorization] = ['host', 'origin', 'sec-fetch-site', 'authorization'].map(name =>
    single(request, name),
  )
  if (host === null || origin === null || secFetchSite === null || authorization === null) return undefined
  const { headers, httpVersion, socket } = request
  return {
    peer: socket.remoteAddress,
    local: socket.localAddress,
    localPort: socket.localPort,
    host,
    origin,
    secFetchSite,
    authorization,
    relayed: isRelayed(httpVersion, Object.keys(headers), headers.connection),
  }
}

interface TokenGuard {
  readonly isToken: (authorization: string | undefined) => boolean
  readonly wrong: WrongTokens
  /** Whether the client of a connection within this machine runs as root or as the proxy's user. */
  readonly isOwn: (socket: IncomingMessage['socket']) => Promise<boolean>
}

/** For programs and for browsers, https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1. */
const challenges = [
  ['WWW-Authenticate', 'Bearer'],
  ['WWW-Authenticate', 'Basic realm="s3-cors-proxy: the admin token is the password", charset="UTF-8"'],
] as const

/** The answer to a caller who is no operator. */
async function refuse(sources: AdminSources, { wrong }: TokenGuard, caller: Caller): Promise<Answer> {
  if (sources.token === undefined) {
    return errorAnswer(
      403,
      "without S3CORS_ADMIN_TOKEN, only root or the proxy's own user, directly from this machine under a loopback name and this port",
    )
  }
  if (caller.authorization === undefined) return errorAnswer(401, 'the admin token is missing', challenges)
  sources.tokenRefused?.(caller.peer)
  if (await wrong.wait()) return errorAnswer(401, 'this is not the admin token', challenges)
  return errorAnswer(429, 'too many wrong tokens', [
    ['Retry-After', '1'],
    ['Connection', 'close'],
  ])
}

/** A browser that shows a page says so; programs get the refusal as JSON. */
function takesHtml(request: IncomingMessage): boolean {
  return (single(request, 'accept') ?? '').includes('text/html')
}

/** The form for the token. Without Basic among the challenges a browser shows it, and asks for no password by itself. */
function signIn(): Answer {
  return {
    status: 401,
    type: 'text/html; charset=utf-8',
    body: renderSignIn(),
    fields: [['WWW-Authenticate', 'Bearer']],
  }
}

async function answerRequest(sources: AdminSources, guard: TokenGuard, request: IncomingMessage): Promise<Answer> {
  const caller = readCaller(request)
  const target = request.url ?? ''
  if (caller === undefined || !target.startsWith('/')) return errorAnswer(400, 'ambiguous request')
  if (isForeign(caller)) return errorAnswer(403, 'requests of pages of another origin are refused')

  const question = target.indexOf('?')
  const found = findRoutes(question < 0 ? target : target.slice(0, question))
  if (found.length === 0) return errorAnswer(404, 'there is nothing at this path')
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const match = found.find(({ route }) => route.method === method)
  if (match === undefined) {
    const allow = found.map(({ route }) => (route.method === 'GET' ? 'GET, HEAD' : route.method)).join(', ')
    return errorAnswer(405, `allowed here: ${allow}`, [['Allow', allow]])
  }

  const { route } = match
  // Where there is a token, a relay may be, too. What is open to all does not wait for the system's tables.
  const operator =
    sources.token === undefined
      ? isLocal(caller) && (route.who === 'all' || (await guard.isOwn(request.socket)))
      : guard.isToken(caller.authorization)
  const rebound = !operator && isRebound(caller)
  if (rebound && caller.authorization === undefined)
    return errorAnswer(403, 'on this machine, use localhost or an address')
  if (!operator && (rebound || route.who === 'operator')) {
    const isForm = route.path === '/' && sources.token !== undefined && caller.authorization === undefined
    return isForm && takesHtml(request) ? signIn() : await refuse(sources, guard, caller)
  }
  if (route.method === 'POST') {
    const refused = await readBody(request)
    if (refused !== undefined) return refused
  }
  const name = decodeSegment(match.name)
  if (name === undefined) return errorAnswer(400, 'the path is not percent-encoded UTF-8')
  return route.answer(sources, { name, query: new URLSearchParams(question < 0 ? '' : target.slice(question + 1)) })
}

/**
 * Only `application/json` is taken: a page of another site cannot send it without a preflight, which this port does not answer,
 * https://fetch.spec.whatwg.org/#cors-safelisted-request-header. The body itself says nothing.
 */
async function readBody(request: IncomingMessage): Promise<Answer | undefined> {
  const type = single(request, 'content-type') ?? ''
  if (!/^application\/json *(?:;|$)/i.test(type)) return errorAnswer(415, 'POST takes application/json only')
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length
    if (bytes > maxBodyBytes) return errorAnswer(413, `the body may have ${maxBodyBytes} bytes`)
  }
  return undefined
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
