// The demo's page, on an origin of its own: a small site whose script reads from S3.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type DemoRequestName, demoRequests, isDemoRequestName, type ShownExplanation } from './demo-request.ts'
import { demoHost } from './local-server.ts'

/** What the page shows and which servers its own asks. */
export interface PageOptions {
  readonly proxyUrl: string
  readonly endpointUrl: string
  readonly adminUrl: string
  /** The configuration's file, as a person here would name it. */
  readonly configFile: string
  readonly explain: (name: DemoRequestName, origin: string) => Promise<ShownExplanation>
}

interface PageAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** The page's files stand as they are in src: tsc copies nothing, and the demo runs in a checkout only. */
const readPageFile = (name: string) => readFileSync(new URL(`../../src/demo/page/${name}`, import.meta.url), 'utf8')

/** Makes the page's server, not yet listening. */
export function createPageServer(options: PageOptions): Server {
  const html = fillPage(readPageFile('page.html'), options)
  const files = new Map<string, PageAnswer>([
    ['/', { status: 200, type: 'text/html; charset=utf-8', body: html }],
    ['/page.css', { status: 200, type: 'text/css; charset=utf-8', body: readPageFile('page.css') }],
    ['/page.js', { status: 200, type: 'text/javascript; charset=utf-8', body: readPageFile('page.js') }],
  ])
  const fields = {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': contentSecurityPolicy(options),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
  }

  async function answer(method: string, target: string, host: string): Promise<PageAnswer> {
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET and HEAD only')
    // Another name that leads here is of another site (DNS rebinding).
    if (!isOwnHost(host)) return plain(403, `open http://${demoHost}`)
    const base = `http://${host}`
    if (!URL.canParse(target, base)) return plain(400, 'not a path')
    const { pathname, searchParams } = new URL(target, base)
    if (pathname !== '/explanation') return files.get(pathname) ?? plain(404, 'nothing here')
    const name = searchParams.get('of')
    if (!isDemoRequestName(name)) return plain(400, 'of is allowed or refused')
    const explanation = await options.explain(name, base)
    return { status: 200, type: 'application/json', body: JSON.stringify(explanation) }
  }

  return createServer({ maxHeaderSize: 16_384, requestTimeout: 5000 }, (request, response) => {
    answer(request.method ?? '', request.url ?? '', request.headers.host ?? '')
      .catch((error: unknown) => plain(502, error instanceof Error ? error.message : String(error)))
      .then(({ status, type, body }) => {
        const content = Buffer.from(body)
        response.writeHead(status, { ...fields, 'Content-Type': type, 'Content-Length': content.length })
        response.end(request.method === 'HEAD' ? undefined : content)
      })
  })
}

function plain(status: number, text: string): PageAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` }
}

function isOwnHost(host: string): boolean {
  return /^(?:127\.0\.0\.1|localhost):\d+$/.test(host)
}

/** Nothing but the page's own two files, its own server, and the two S3 ports that it asks; pictures from memory. */
function contentSecurityPolicy({ proxyUrl, endpointUrl }: PageOptions): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    'img-src blob:',
    `connect-src 'self' ${proxyUrl} ${endpointUrl}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function fillPage(html: string, { proxyUrl, endpointUrl, adminUrl, configFile }: PageOptions): string {
  const { allowed, refused } = demoRequests
  const values: Readonly<Record<string, string>> = {
    proxyUrl,
    endpointUrl,
    adminUrl,
    configFile,
    allowedBucket: allowed.bucket,
    allowedUrl: `${proxyUrl}/${allowed.bucket}/${allowed.key}`,
    refusedBucket: refused.bucket,
    refusedUrl: `${proxyUrl}/${refused.bucket}/${refused.key}`,
    directUrl: `${endpointUrl}/${refused.bucket}/${refused.key}`,
  }
  return html.replace(/\{\{(\w+)\}\}/g, (_, name: string) => escapeHtml(values[name] ?? ''))
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
