import { request } from 'node:http'
import t from 'tap'
import type { DemoRequestName, ShownExplanation } from '../../src/demo/demo-request.ts'
import { listenLocally } from '../../src/demo/local-server.ts'
import { createPageServer } from '../../src/demo/page-server.ts'
import type { Owner } from '../fixtures/recording-upstream.ts'

const explanation: ShownExplanation = {
  allowed: false,
  reason: 'origin',
  summary: 'no rule lists this origin',
  rules: [],
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** The page's server, the questions it passed on, and a client that chooses its own Host. */
async function startPage(t: Owner, fails = false) {
  const asked: (readonly [DemoRequestName, string])[] = []
  const server = createPageServer({
    proxyUrl: 'http://127.0.0.1:8080',
    endpointUrl: 'http://127.0.0.1:9000',
    adminUrl: 'http://127.0.0.1:9464',
    configFile: 'a "quoted" & <odd> file.yaml',
    async explain(name, origin) {
      asked.push([name, origin])
      if (fails) throw new Error('the admin port answered 403')
      return explanation
    },
  })
  t.teardown(() => server.close())
  const { url } = await listenLocally(server, 0)
  const { port, host } = new URL(url)
  const get = (path: string, { method = 'GET', host: named = host } = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers: { Host: named }, agent: false })
      sent.on('error', reject).on('response', response => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
      })
      sent.end()
    })
  return { url, port, get, asked }
}

t.test('the page is HTML with everything filled in', async t => {
  const { get } = await startPage(t)
  const { status, headers, body } = await get('/')
  t.equal(status, 200)
  t.equal(headers['content-type'], 'text/html; charset=utf-8')
  t.match(body, '<html lang="en">')
  t.match(body, 'data-url="http://127.0.0.1:8080/my-media/picture.svg"')
  t.match(body, 'data-url="http://127.0.0.1:8080/incoming/upload.json"')
  t.match(body, 'data-direct="http://127.0.0.1:9000/incoming/upload.json"')
  t.match(body, 'a &#34;quoted&#34; &#38; &#60;odd&#62; file.yaml')
  t.notMatch(body, /\{\{|\}\}/)
})

t.test('every answer allows the page its own files and the two S3 ports, and nothing else', async t => {
  const { get } = await startPage(t)
  for (const path of ['/', '/page.css', '/page.js', '/none', '/explanation?of=refused']) {
    const { headers } = await get(path)
    t.equal(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob:; " +
        "connect-src 'self' http://127.0.0.1:8080 http://127.0.0.1:9000; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      path,
    )
    t.equal(headers['x-content-type-options'], 'nosniff')
    t.strictSame(
      Object.keys(headers).filter(name => name.startsWith('access-control-')),
      [],
      'and no other site may read it',
    )
  }
})

t.test('script and style are files of their own, and nothing is taken from elsewhere', async t => {
  const { get } = await startPage(t)
  t.match(await get('/page.js'), { status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' } })
  t.match(await get('/page.css'), { status: 200, headers: { 'content-type': 'text/css; charset=utf-8' } })
  const { body } = await get('/')
  t.notMatch(body, /<style|\sstyle=|<script>|\son[a-z]+=|(?:src|href)="(?!\/page\.)/)
})

t.test('the explanation is asked for one of the two requests, from the origin of the page', async t => {
  const { get, asked, port } = await startPage(t)
  const refused = await get('/explanation?of=refused&bucket=other&origin=https://other.example')
  t.equal(refused.status, 200)
  t.strictSame(JSON.parse(refused.body), explanation)
  await get('/explanation?of=allowed', { host: `localhost:${port}` })
  t.strictSame(asked, [
    ['refused', `http://127.0.0.1:${port}`],
    ['allowed', `http://localhost:${port}`],
  ])
})

const faults: readonly { name: string; path: string; method?: string; host?: string; status: number }[] = [
  { name: 'a question that the page never has', path: '/explanation?of=other', status: 400 },
  { name: 'no question', path: '/explanation', status: 400 },
  { name: 'a path that is not there', path: '/page.html', status: 404 },
  { name: 'a path out of the folder', path: '/../demo.ts', status: 404 },
  { name: 'a target that is no path', path: 'http://[/', status: 400 },
  { name: 'a method that changes things', path: '/', method: 'POST', status: 405 },
  { name: 'a name that a stranger pointed here', path: '/', host: 'stranger.example:8000', status: 403 },
  { name: 'a name that begins like ours', path: '/explanation?of=refused', host: '127.0.0.1:80.example', status: 403 },
]
for (const { name, path, status, ...options } of faults) {
  t.test(`${name} gets ${status}`, async t => {
    const { get, asked } = await startPage(t)
    t.equal((await get(path, options)).status, status)
    t.strictSame(asked, [])
  })
}

t.test('HEAD has no body', async t => {
  const { get } = await startPage(t)
  t.match(await get('/', { method: 'HEAD' }), { status: 200, body: /^$/ })
})

t.test('an admin port that does not explain is told', async t => {
  const { get } = await startPage(t, true)
  t.match(await get('/explanation?of=refused'), { status: 502, body: 'the admin port answered 403\n' })
})
