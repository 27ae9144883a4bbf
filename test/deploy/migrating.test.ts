// The pages of deploy/migrating, taken by their word: what they call the same is asked the same questions as what it replaces.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { type Snippet, snippets } from '../docs/snippets.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { freePort, freePorts } from '../servers/free-ports.ts'
import { findExecutable, skipWithout, usable } from '../servers/installed.ts'
import { findMinio, howToGetMinio } from '../servers/minio.ts'
import { answers, createServerFolder, startProcess, stopAll, waitUntilReady } from '../servers/server-process.ts'
import { describeRequest, type PageRequest, pageRequests, verdictOf } from './browser-verdict.ts'

t.setTimeout(300_000)

function block(page: string, language: string, text: RegExp): Snippet {
  const found = snippets().find(
    snippet => snippet.file === `deploy/migrating/${page}` && snippet.language === language && text.test(snippet.text),
  )
  if (found === undefined) throw new Error(`${page} has no ${language} with ${text}`)
  return found
}

/** The page's YAML in front of `url`. */
async function startPageProxy(t: Test, page: string, text: RegExp, url: string) {
  const { listen: _, ...configuration } = parse(block(page, 'yaml', text).text) as Record<string, unknown>
  const proxy = await startProxy(stringify({ ...configuration, upstream: { url, credentials: 'none' } }))
  t.teardown(() => proxy.stop())
  return proxy
}

const isSame = /^(?![\s\S]*enforcement: report)/
const isReport = /enforcement: report/

async function compare(t: Test, before: string, after: string, requests: readonly PageRequest[]): Promise<void> {
  const seen = new Set<string>()
  for (const request of requests) {
    const [was, is] = await Promise.all([verdictOf(before, request), verdictOf(after, request)])
    // Where a browser stops is the same to a page: it gets nothing.
    const short = (verdict: string) => verdict.replace(/^blocked.*/, 'blocked')
    seen.add(short(was))
    t.equal(short(is), short(was), describeRequest(request))
  }
  t.ok(seen.has('blocked') && seen.size > 1, 'the questions have different answers')
}

/** While in report: the answers are those of what stands behind, and the decisions are counted beside them. */
async function compareReport(t: Test, before: string, after: string, adminUrl: string, origin: string): Promise<void> {
  const preflight = { Origin: origin, 'Access-Control-Request-Method': 'GET' }
  const fieldsOf = async (url: string) => {
    const { status, headers } = await fetch(url, { method: 'OPTIONS', headers: preflight })
    const cors = [...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary')
    return { status, cors }
  }
  t.strictSame(await fieldsOf(after), await fieldsOf(before), 'a preflight is answered as before')
  const { buckets } = (await (await fetch(`${adminUrl}/origins`)).json()) as {
    buckets: { denied: { origins: { origin: string; enforcement: string }[] } }[]
  }
  const [line] = buckets.flatMap(({ denied }) => denied.origins)
  t.match(line, { origin, enforcement: 'report' }, 'and is among the denied origins all the same')
}

const nginx = usable({ name: 'nginx', file: findExecutable('nginx'), oldest: '1.19.5', versionArguments: ['-v'] })
const howToGetNginx = 'apt-get install --no-install-recommends nginx-light'

t.test('from an nginx recipe', { skip: skipWithout('nginx', nginx !== undefined, howToGetNginx) }, async t => {
  const page = 'from-nginx.md'
  // An endpoint that reflects every origin, as MinIO does.
  const endpoint = await startRecordingUpstream(t, {
    answer: ({ method, fields }) => {
      const origin = fields.find(([name]) => name.toLowerCase() === 'origin')?.[1]
      const cors = `Access-Control-Allow-Origin: ${origin}\r\nAccess-Control-Allow-Credentials: true\r\n`
      const head = `HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 2\r\n${origin === undefined ? '' : cors}\r\n`
      return `${head}${method === 'HEAD' ? '' : 'ok'}`
    },
  })
  const url = `http://127.0.0.1:${endpoint.port}`
  const port = await freePort()
  const folder = createServerFolder('nginx')
  const server = block(page, 'nginx', /map/)
    .text.replace('127.0.0.1:8081', `127.0.0.1:${port}`)
    .replace('http://127.0.0.1:9000', url)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`)
  mkdirSync(join(folder, 'logs'))
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off;\nmaster_process off;\npid ${folder}/pid;\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${server}}\n`,
  )
  const old = startProcess('nginx', folder, nginx ?? '', [
    '-p',
    folder,
    '-c',
    join(folder, 'nginx.conf'),
    '-e',
    join(folder, 'error.log'),
  ])
  t.teardown(() => stopAll([old], folder, { keepLogs: !t.passing() }))
  const before = `http://127.0.0.1:${port}`
  await waitUntilReady(old, () => answers(before))

  const proxy = await startPageProxy(t, page, isSame, url)
  const requests = pageRequests({
    origins: [
      'https://my-app.xyz',
      'https://www.my-app.xyz',
      'http://my-app.xyz',
      'https://my-app.xyz:8443',
      'https://evil.example',
      'https://my-app.xyz.evil.example',
      'null',
    ],
    methods: ['GET', 'HEAD', 'PUT', 'DELETE'],
    headers: [[], ['content-type'], ['authorization', 'x-amz-date'], ['x-amz-acl']],
  })
  await compare(t, `${before}/my-media/a`, `${proxy.url}/my-media/a`, requests)

  const report = await startPageProxy(t, page, isReport, before)
  await compareReport(t, `${before}/my-media/a`, `${report.url}/my-media/a`, report.adminUrl, 'https://evil.example')
})

const minio = findMinio()

t.test('from MinIO’s own variable', { skip: skipWithout('MinIO', minio !== undefined, howToGetMinio) }, async t => {
  const page = 'from-minio-cors-allow-origin.md'
  const [variable = '', value = ''] = block(page, 'text', /^MINIO_/)
    .text.trim()
    .split('=')
  const [port, consolePort] = await freePorts(2)
  const folder = createServerFolder('minio')
  mkdirSync(join(folder, 'data'))
  const args = ['server', join(folder, 'data'), '--address', `127.0.0.1:${port}`]
  const server = startProcess(
    'minio',
    folder,
    minio ?? '',
    [...args, '--console-address', `127.0.0.1:${consolePort}`],
    {
      PATH: process.env.PATH,
      HOME: folder,
      MINIO_ROOT_USER: 'minio-test-access',
      MINIO_ROOT_PASSWORD: 'minio-test-secret-0123456789',
      MINIO_UPDATE: 'off',
      [variable]: value,
    },
  )
  t.teardown(() => stopAll([server], folder, { keepLogs: !t.passing() }))
  const before = `http://127.0.0.1:${port}`
  await waitUntilReady(server, () => answers(`${before}/minio/health/ready`, status => status === 200))

  const proxy = await startPageProxy(t, page, isSame, before)
  const requests = pageRequests({
    origins: ['https://my-app.xyz', 'https://admin.my-app.xyz', 'http://my-app.xyz', 'https://evil.example', 'null'],
    methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    headers: [[], ['content-type'], ['authorization', 'x-amz-date', 'x-amz-content-sha256']],
  })
  await compare(t, `${before}/my-media/a`, `${proxy.url}/my-media/a`, requests)

  const report = await startPageProxy(t, page, isReport, before)
  await compareReport(t, `${before}/my-media/a`, `${report.url}/my-media/a`, report.adminUrl, 'https://evil.example')
})
