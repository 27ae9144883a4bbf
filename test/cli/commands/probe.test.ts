import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { runCli } from '../../fixtures/run-cli.ts'

t.setTimeout(300_000)

async function startAdmin(t: { teardown(end: () => void): void }, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('a proxy that is ready: exit code 0 and silence', async t => {
  const url = await startAdmin(t, (request, response) =>
    response.writeHead(request.url === '/readyz' ? 200 : 404).end('{}'),
  )
  t.strictSame(await runCli(['probe', url]), { code: 0, out: '', err: '' })
  t.strictSame(await runCli(['probe', `${url}/readyz`]), { code: 0, out: '', err: '' })
})

t.test('a proxy that is not ready: exit code 1 and what is missing', async t => {
  const url = await startAdmin(t, (_request, response) => response.writeHead(503).end('{"ready":false}\n'))
  const { code, err } = await runCli(['probe', url])
  t.equal(code, 1)
  t.match(err, /\/readyz answered 503: "\{\\"ready\\":false\}"\n$/)
})

t.test('a proxy that does not answer: exit code 1 after two seconds', async t => {
  const url = await startAdmin(t, () => undefined)
  const { code, err } = await runCli(['probe', url])
  t.equal(code, 1)
  t.match(err, /no answer in time/)
})

t.test('a redirect is no answer', async t => {
  const url = await startAdmin(t, (_request, response) => response.writeHead(302, { location: '/livez' }).end())
  t.equal((await runCli(['probe', url])).code, 1)
})

t.test('no proxy there: exit code 1', async t => {
  t.match(await runCli(['probe', 'http://127.0.0.1:1/readyz']), { code: 1, err: /fetch failed/ })
})

t.test('a wrong URL: exit code 64', async t => {
  t.match(await runCli(['probe', 'localhost']), {
    code: 64,
    err: /"localhost" is not valid; allowed: a URL such as http:\/\/127\.0\.0\.1:9464\/readyz/,
  })
})

t.test('without a URL, S3CORS_ADMIN or the configuration says where it is', async t => {
  const url = await startAdmin(t, (_request, response) => response.writeHead(200).end('{}'))
  const { port } = new URL(url)
  const files: Readonly<Record<string, string>> = {
    'block.yaml': `upstream: { url: "http://127.0.0.1:9000" }\nadmin: 0.0.0.0:${port} # all\nbuckets: {}\n`,
    'quoted.yaml': `"admin": "127.0.0.1:${port}"\n`,
    'any-host.yaml': `admin: ":${port}"\n`,
    'flow.yaml': `{ admin: 127.0.0.1:${port} }\n`,
    'configuration.json': `{\n  "admin": "localhost:${port}"\n}\n`,
    'within.yaml': `buckets:\n  admin: { from: none }\nadmin: 127.0.0.1:${port}\n`,
  }
  const folder = t.testdir(files)
  for (const name of Object.keys(files)) {
    const S3CORS_CONFIG = `${folder}/${name}`
    t.strictSame(await runCli(['probe'], { S3CORS_CONFIG }), { code: 0, out: '', err: '' }, name)
    t.strictSame(await runCli(['probe', '--config', S3CORS_CONFIG]), { code: 0, out: '', err: '' }, `--config ${name}`)
  }
  const environment = { S3CORS_ADMIN: `127.0.0.1:${port}`, S3CORS_CONFIG: `${folder}/missing.yaml` }
  t.strictSame(await runCli(['probe'], environment), { code: 0, out: '', err: '' }, 'the variable beats the file')
})
