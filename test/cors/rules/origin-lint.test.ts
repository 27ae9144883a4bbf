import t from 'tap'
import { lintOrigin } from '../../../src/cors/rules/origin-lint.ts'

const cases: { name: string; reasons: string[]; values: string[] }[] = [
  {
    name: 'origins as browsers send them have no warning',
    reasons: [],
    values: [
      'https://a.example',
      'https://a.example.com:8443',
      'https://xn--exmple-cua.com',
      'https://xn--mnchen-3ya.xn--p1ai:8443',
      'https://*.example.com',
      'https://*-app.example.com',
      'https://*.example.com:8443',
      'https://example.com:*',
      'https://[2001:db8::1]:8443',
      'capacitor://localhost',
      'chrome-extension://abcdefghijklmnop',
      '*',
      '',
      'whatever',
      'https://*.localhost',
      'https://app.*.example.com',
    ],
  },
  {
    name: 'http:// on this machine has no warning',
    reasons: [],
    values: [
      'http://localhost',
      'http://localhost:3000',
      'http://localhost:*',
      'http://127.0.0.1:8080',
      'http://[::1]:8080',
      'http://app.localhost',
      'http://*.localhost:3000',
    ],
  },
  {
    name: 'http:// elsewhere is insecure',
    reasons: ['insecure-origin'],
    values: [
      'http://a.example',
      'http://a.example:8080',
      'http://192.168.1.5',
      'http://*.example.com',
      'http://localhost.evil.example',
      'http*://a.example',
      '*://a.example',
    ],
  },
  {
    name: 'a slash at the end never matches',
    reasons: ['trailing-slash'],
    values: ['https://a.example/', 'https://*.example.com/'],
  },
  {
    name: 'upper case never matches',
    reasons: ['upper-case'],
    values: ['https://A.example', 'HTTPS://a.example', 'https://*.Example.com'],
  },
  { name: 'a default port never matches', reasons: ['default-port'], values: ['https://a.example:443'] },
  { name: 'port 80 of http', reasons: ['insecure-origin', 'default-port'], values: ['http://a.example:80'] },
  { name: 'port 80 of http on this machine', reasons: ['default-port'], values: ['http://localhost:80'] },
  { name: 'the port of another scheme is right', reasons: [], values: ['https://a.example:80', 'app://a.example:443'] },
  {
    name: 'a path, a query, a fragment or a userinfo never matches',
    reasons: ['path-or-userinfo'],
    values: [
      'https://a.example/app',
      'https://a.example?x',
      'https://a.example#x',
      'https://user@a.example',
      'https://a.example\\x',
      'https://a.example//',
    ],
  },
  { name: 'null is anyone', reasons: ['null-origin'], values: ['null'] },
  { name: 'so are local files', reasons: ['null-origin'], values: ['file://', 'file://localhost'] },
  {
    name: 'a * that anyone can be',
    reasons: ['public-wildcard'],
    values: [
      'https://*',
      'https://*.com',
      'https://*.co.uk',
      'https://*.github.io',
      'https://*.s3.amazonaws.com',
      'https://*.s3.eu-west-3.amazonaws.com',
      'https://*-app.vercel.app',
      'https://*example.com',
      'https://example*',
      'https://example.*',
      'https://*:8443',
      '*.get',
      'http*',
      'null*',
    ],
  },
  {
    name: 'a * after localhost is not this machine',
    reasons: ['insecure-origin', 'public-wildcard'],
    values: ['http://localhost*', 'http://127.0.0.1*'],
  },
  { name: 'non-ASCII never matches a browser', reasons: ['non-ascii'], values: ['https://ex\u00e4mple.com'] },
  {
    name: 'several things at once',
    reasons: ['insecure-origin', 'upper-case', 'default-port', 'trailing-slash'],
    values: ['http://A.example:80/'],
  },
]

for (const { name, reasons, values } of cases) {
  t.test(name, async t => {
    for (const value of values) {
      const warnings = lintOrigin(value)
      t.strictSame(
        warnings.map(({ reason }) => reason),
        reasons,
        value,
      )
      for (const { message, allowed } of warnings) t.ok(message.length > 20 && allowed.length > 5)
    }
  })
}
