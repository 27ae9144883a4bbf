import t from 'tap'
import { introduce } from '../../src/demo/introduction.ts'
import type { Place } from '../../src/demo/local-server.ts'

const at = (port: number, wantedPort = port): Place => ({ url: `http://127.0.0.1:${port}`, wantedPort })
const usual = {
  page: at(8000),
  proxy: at(8080),
  admin: at(9464),
  endpoint: at(9000),
  configFile: 'config/example.yaml',
  seconds: 0.74,
}

t.test('the introduction names every place and three commands', async t => {
  t.equal(
    introduce(usual),
    `
Everything runs (0.7 s). Open the page:

  Page      http://127.0.0.1:8000/  one request of a browser that is allowed, one that is refused, and why
  Proxy     http://127.0.0.1:8080  S3, with the CORS rules of config/example.yaml
  Admin     http://127.0.0.1:9464/  decisions, rules, metrics, explanations
  Endpoint  http://127.0.0.1:9000  an embedded S3 server, which by itself lets every site in

A preflight that a rule allows:
curl -i -X OPTIONS -H "Access-Control-Request-Method: GET" -H "Origin: https://my-app.xyz" http://127.0.0.1:8080/my-media/hello.txt

One that no rule allows, with the answer that S3 gives:
curl -i -X OPTIONS -H "Access-Control-Request-Method: GET" -H "Origin: https://other-site.example" http://127.0.0.1:8080/my-media/hello.txt

The object itself, with S3's CORS fields in place of the endpoint's own:
curl -i -H "Origin: https://my-app.xyz" http://127.0.0.1:8080/my-media/hello.txt

Edit config/example.yaml: the proxy reads it again by itself. Refusals are logged here. Ctrl-C ends it.

`,
  )
})

t.test('what is not where people expect it is told', async t => {
  const lines = introduce({ ...usual, proxy: at(40_001, 8080), admin: at(40_002, 0), endpoint: at(40_003, 9000) })
  t.strictSame(
    lines.split('\n').filter(line => line.startsWith('Port ')),
    ['Port 8080 is taken: the proxy is on 40001.', 'Port 9000 is taken: the endpoint is on 40003.'],
  )
})
