import t from 'tap'
import { lintOrigin } from '../../../src/cors/lint/origin-lint.ts'
import type { RuleIssueReason } from '../../../src/cors/rules/rule.ts'

// `{` after `$` by itself: the linter takes the two in a text for a template.
const brace = '{'

t.test('origins as browsers and apps send them have no warning', async t => {
  const values = [
    'https://a.example',
    'https://a.example.com:8443',
    'https://a_b.example',
    'https://xn--exmple-cua.com',
    'https://xn--mnchen-3ya.xn--p1ai:8443',
    'https://*.example.com',
    'https://*-app.example.com',
    'https://*.example.com:8443',
    'https://example.com:*',
    'https://example.com:3*',
    'https://[2001:db8::1]:8443',
    'https://*.168.1.1',
    'https://*.localhost',
    'https://app.*.example.com',
    'https://a.example:80',
    'app://a.example:443',
    'app://MyApp',
    'app://MY_APP',
    'com.example.app://MY_APP_NAME',
    'capacitor://localhost',
    'tauri://localhost',
    'capacitor://*',
    'chrome-extension://abcdefghijklmnop',
    'safari-web-extension://140BB581-A2C0-422A-9DD3-6982A5ABEE5E',
    'com.example.app://x',
    '*',
  ]
  for (const value of values) t.equal(lintOrigin(value), undefined, value)
})

t.test('http:// on this machine has no warning', async t => {
  const values = [
    'http://localhost',
    'http://localhost:3000',
    'http://localhost:*',
    'http://127.0.0.1:8080',
    'http://[::1]:8080',
    'http://app.localhost',
    'http://*.localhost:3000',
    '*://localhost:3000',
  ]
  for (const value of values) t.equal(lintOrigin(value), undefined, value)
})

const pageOverHttps = 'the origin of a page that is served over https'
const domain = 'the domain written out after the *, such as https://*.my-app.example.com'
const better = ', or better its https:// origin'
const local = ', or https:// where the page is served so'
const asInBar = 'scheme://host or scheme://host:port, as the address bar has it'

/** Each value with what is to be written instead. */
const cases: { name: string; reason: RuleIssueReason; values: Record<string, string> }[] = [
  {
    name: 'a host without a scheme never matches',
    reason: 'no-scheme',
    values: {
      'app.example.com': '"https://app.example.com"',
      'example.com:8443': '"https://example.com:8443"',
      'example.com:443': '"https://example.com"',
      'example.com:80': `"http://example.com"${better}`,
      localhost: `"http://localhost"${local}`,
      'localhost:3000': `"http://localhost:3000"${local}`,
      'localhost:*': `"http://localhost:*"${local}`,
      '127.0.0.1:8080': `"http://127.0.0.1:8080"${local}`,
      'App.Example.com/page': '"https://app.example.com"',
      'app.example.com*': '"https://app.example.com*"',
      '//cdn.example.com': '"https://cdn.example.com"',
      '://a.example': '"https://a.example"',
      'https:app.example.com': '"https://app.example.com"',
      'https:/app.example.com': '"https://app.example.com"',
      'https:///app.example.com': '"https://app.example.com"',
      'https//app.example.com': '"https://app.example.com"',
      'https;//app.example.com': '"https://app.example.com"',
      'https.//app.example.com': '"https://app.example.com"',
      '::1': '"http://[::1]"',
      '[::1]:3000': `"http://[::1]:3000"${local}`,
      '::1:3000': '"http://[::1]:3000"',
      whatever: '"https://whatever"',
      all: asInBar,
      everyone: asInBar,
      self: asInBar,
      'same-origin': asInBar,
      'arn:aws:s3:::my-media': asInBar,
    },
  },
  {
    name: 'another scheme than that of a page never matches',
    reason: 'wrong-scheme',
    values: {
      'wss://a.example': '"https://a.example"',
      'ws://localhost:3000': '"http://localhost:3000"',
      'blob:https://a.example/1-2': '"https://a.example"',
      'blob:null/1': asInBar,
      'ftp://a.example': asInBar,
      'sftp://a.example': asInBar,
      's3://my-media': asInBar,
      's3a://my-media': asInBar,
      'gs://my-media': asInBar,
      'ssh://a.example': asInBar,
      'htps://a.example': '"https://a.example"',
      'httpss://a.example': '"https://a.example"',
      'https ://a.example': asInBar,
      'data:text/html': pageOverHttps,
      'about:blank': pageOverHttps,
    },
  },
  {
    name: 'an empty value never matches',
    reason: 'empty-origin',
    values: { '': 'an origin, such as https://app.example.com', ' ': 'an origin, such as https://app.example.com' },
  },
  {
    name: 'blanks, quotes and brackets around a value are part of it',
    reason: 'wrapped-origin',
    values: {
      ' https://a.example': '"https://a.example"',
      'https://a.example ': '"https://a.example"',
      '"https://a.example"': '"https://a.example"',
      "'a.example'": '"https://a.example"',
      '`https://a.example`': '"https://a.example"',
      '<https://a.example>': '"https://a.example"',
      '[https://a.example]': '"https://a.example"',
    },
  },
  {
    name: 'several origins in one value never match',
    reason: 'several-origins',
    values: {
      'https://a.example, https://b.example/': 'each as a value of its own: "https://a.example", "https://b.example"',
      'a.example b.example': 'each as a value of its own: "https://a.example", "https://b.example"',
      'https://a.example;https://b.example': 'each as a value of its own: "https://a.example", "https://b.example"',
      'https://a.example|http://localhost:3000':
        'each as a value of its own: "https://a.example", "http://localhost:3000"',
    },
  },
  {
    name: 'a placeholder never matches',
    reason: 'placeholder',
    values: Object.fromEntries(
      [
        '<your-domain>',
        'https://<your-domain>',
        '{{origin}}',
        'https://{{ host }}',
        `$${brace}ORIGIN}`,
        `https://$${brace}DOMAIN}`,
        '$ORIGIN',
        '%ORIGIN%',
        '__ORIGIN__',
        '@@ORIGIN@@',
        'https://@@host@@:8080',
        '#{origin}',
        '{% if a %}https://a.example{% endif %}',
        'MY_DOMAIN_NAME',
        'https://MY_DOMAIN_NAME',
        'HTTP://MY_DOMAIN:8080',
        '*://MY_DOMAIN',
        'https://MY_DOMAIN/app://',
        'chrome-extension://MY_EXTENSION_ID',
        `app://$${brace}MY_APP}`,
      ].map(value => [value, 'the origin itself, such as "https://app.example.com"']),
    ),
  },
  {
    name: 'a regular expression or a pattern of a shell never matches',
    reason: 'foreign-pattern',
    values: {
      '^https://.*\\.example\\.com$': '"https://*.example.com"',
      'https://.*\\.example\\.com': '"https://*.example.com"',
      'https?://app\\.example\\.com': '"https://app.example.com"',
      '/https:\\/\\/a\\.example/i': '"https://a.example"',
      'https://[a-z]+.example.com': '"https://*.example.com"',
      '^https?:\\/\\/(.+\\.)?example\\.com$':
        'each origin as a value of its own, or one *, such as "https://*.example.com"',
      'https://{a,b}.example.com':
        'each origin as a value of its own: "https://a.example.com", "https://b.example.com"',
      'https://a.example:{80,443}': 'each origin as a value of its own: "https://a.example:80", "https://a.example"',
      'https://app?.example.com': 'each origin as a value of its own',
    },
  },
  {
    name: 'a slash at the end never matches',
    reason: 'trailing-slash',
    values: {
      'https://a.example/': 'the same without the slash: "https://a.example"',
      'https://*.example.com/': 'the same without the slash: "https://*.example.com"',
      'http://localhost:5173/': 'the same without the slash: "http://localhost:5173"',
      'chrome-extension://abc/': 'the same without the slash: "chrome-extension://abc"',
      'http://A.example:80/': `the same without the slash: "http://a.example"${better}`,
    },
  },
  {
    name: 'a path, a query, a fragment or a userinfo never matches',
    reason: 'path-or-userinfo',
    values: {
      'https://a.example/app': '"https://a.example"',
      'https://EXAMPLE.com:443/app': '"https://example.com"',
      'https://a.example/*': '"https://a.example"',
      'https://a.example?x': '"https://a.example"',
      'https://a.example#x': '"https://a.example"',
      'https://user:word@a.example': '"https://a.example"',
      'https://a.example\\x': '"https://a.example"',
      'https://192.168.1.0/24': '"https://192.168.1.0"',
      'app://MyApp/index.html': '"app://MyApp"',
      '*.example.com/': '"https://*.example.com"',
    },
  },
  {
    name: 'upper case never matches where browsers send lower case',
    reason: 'upper-case',
    values: {
      'https://A.example': '"https://a.example"',
      'HTTPS://a.example': '"https://a.example"',
      'https://*.Example.com': '"https://*.example.com"',
      'https://[2001:DB8::1]': '"https://[2001:db8::1]"',
      'APP://MyApp': '"app://MyApp"',
      NULL: pageOverHttps,
    },
  },
  {
    name: 'a default port never matches',
    reason: 'default-port',
    values: {
      'https://a.example:443': 'the same without the port: "https://a.example"',
      'https://*.example.com:443': 'the same without the port: "https://*.example.com"',
      'http://a.example:80': `the same without the port: "http://a.example"${better}`,
      'http://localhost:80': 'the same without the port: "http://localhost"',
    },
  },
  {
    name: 'what is no port never matches',
    reason: 'impossible-port',
    values: {
      'https://a.example:': '"https://a.example"',
      'https://a.example:08443': '"https://a.example:8443"',
      'https://a.example:99999': 'a port from 1 to 65535, or none',
      'https://a.example:abc': 'a port from 1 to 65535, or none',
      'https://a.example:3000-3010': 'a port from 1 to 65535, or none',
      'https://a.example:0': 'another port',
      'http://localhost:6000': 'another port',
    },
  },
  {
    name: 'what is no host, or not as browsers write it, never matches',
    reason: 'impossible-host',
    values: {
      'https://': asInBar,
      'https://010.0.0.1': '"https://8.0.0.1"',
      'https://0x7f.1': '"https://127.0.0.1"',
      'https://1.2.3.256': asInBar,
      'https://[::0001]': '"https://[::1]"',
      'https://2001:db8::1': '"https://[2001:db8::1]"',
      'https://[::1': '"https://[::1]"',
      'http://::1:3000': '"http://[::1]:3000"',
      'https://2001:db8::1:8443': '"https://[2001:db8::1]:8443"',
      'https://2001:db8:1:2:3:4:5:8443': '"https://[2001:db8:1:2:3:4:5:8443]"',
      'https://::ffff:127.0.0.1:443': '"https://[::ffff:7f00:1]"',
      'https://1:2:3': asInBar,
      'https://ex%41mple.com': '"https://example.com"',
      'https://.example.com': '"https://*.example.com"',
      '.example.com:3000': '"https://*.example.com:3000"',
      'https://.*.example.com': '"https://*.example.com"',
      'https://a..example': '"https://a.example"',
      'https:// a.example': '"https://a.example"',
      'https://a.example,': '"https://a.example"',
      'https://my app.example': asInBar,
      [`https://${'a'.repeat(2000)}`]: 'one origin, such as https://app.example.com',
      [`https://${'['.repeat(1000)}`]: asInBar,
    },
  },
  {
    name: 'non-ASCII never matches a browser',
    reason: 'non-ascii',
    values: { 'https://ex\u00e4mple.com': '"https://xn--exmple-cua.com"' },
  },
  {
    name: 'null and local files are every page',
    reason: 'null-origin',
    values: {
      null: pageOverHttps,
      'file://': pageOverHttps,
      'file://localhost': pageOverHttps,
      'file:///home/me/page.html': pageOverHttps,
      'file://*': pageOverHttps,
    },
  },
  {
    name: 'http:// elsewhere is insecure',
    reason: 'insecure-origin',
    values: {
      'http://a.example': 'the https:// origin',
      'http://a.example:8080': 'the https:// origin',
      'http://192.168.1.5': 'the https:// origin',
      'http://*.example.com': 'the https:// origin',
      'http://localhost.evil.example': 'the https:// origin',
      'http*://a.example': 'the https:// origin',
      '*://a.example': 'the https:// origin',
      '*.example.com': '"https://*.example.com"',
      '*.example.com:8443': '"https://*.example.com:8443"',
    },
  },
  {
    name: 'a * that strangers can be',
    reason: 'public-wildcard',
    values: Object.fromEntries(
      [
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
        'https://app.example.com*',
        'https://*:8443',
        'http://*',
        'http://localhost*',
        'http://127.0.0.1*',
        '*.get',
        '*example.com',
        '*:3000',
        'http*',
        'https:*',
        'https:/*',
        'null*',
      ].map(value => [value, domain]),
    ),
  },
  {
    name: 'every extension',
    reason: 'public-wildcard',
    values: {
      'chrome-extension://*': "your extension's own ID: chrome-extension://abcdefghijklmnopabcdefghijklmnop",
      'moz-extension://*': 'moz-extension://* if that is meant, or a page of your own over https',
      'safari-web-extension://*': 'safari-web-extension://* if that is meant, or a page of your own over https',
    },
  },
]

for (const { name, reason, values } of cases) {
  t.test(`${name}, and is told once, with what to write`, async t => {
    for (const [value, allowed] of Object.entries(values)) {
      const warning = lintOrigin(value)
      t.equal(warning?.reason, reason, value)
      t.equal(warning?.allowed, allowed, value)
      t.ok((warning?.message.length ?? 0) > 20)
      t.equal(
        warning?.message.includes('never matches'),
        !['null-origin', 'insecure-origin', 'public-wildcard'].includes(reason),
        value,
      )
    }
  })
}

t.test('a value that is recommended has no fault of its own', async t => {
  for (const value of cases.flatMap(({ values }) => Object.values(values))) {
    for (const [, recommended = ''] of value.matchAll(/"([^"]+)"/g)) {
      t.ok([undefined, 'insecure-origin', 'public-wildcard'].includes(lintOrigin(recommended)?.reason), recommended)
    }
  }
})

t.test('no pattern that an origin matches is said to match never', async t => {
  const sent = [
    'https://app.example.com:8443',
    'http://localhost:3000',
    'https://[2001:db8::1]:8443',
    'https://192.168.1.5',
    'https://xn--mnchen-3ya.xn--p1ai',
    'app://MyApp',
    'chrome-extension://abcdefghijklmnop',
    'safari-web-extension://140BB581-A2C0-422A-9DD3-6982A5ABEE5E',
    'null',
  ]
  const wrong: string[] = []
  for (const origin of sent) {
    for (let start = 0; start <= origin.length; start++) {
      for (let end = start; end <= origin.length; end++) {
        const pattern = `${origin.slice(0, start)}*${origin.slice(end)}`
        const warning = lintOrigin(pattern)
        if (warning?.message.includes('never matches')) wrong.push(`${pattern} ${warning.reason}`)
      }
    }
  }
  t.same(wrong, [])
})
