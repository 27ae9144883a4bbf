import t from 'tap'
import { isSerialisedOrigin } from '../../../src/telemetry/labels/origin-label.ts'

const accepted = [
  'null',
  'https://example.com',
  'http://localhost:5173',
  'http://127.0.0.1:8080',
  'http://[::1]:8080',
  'https://xn--bcher-kva.example',
  'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
  'capacitor://localhost',
  'app://.',
  'file://',
  'content://',
  'app://MyApp',
  'app://obsidian.md',
  'safari-web-extension://140BB581-54E5-4E16-9C2C-0E3C0A5B7C36',
  'vscode-webview://0AbC',
  'myapp://localhost:8080',
  `https://${'a'.repeat(247)}`,
]

const rejected: { name: string; origin: string }[] = [
  { name: 'the empty string', origin: '' },
  { name: 'a bare host', origin: 'example.com' },
  { name: 'a star', origin: '*' },
  { name: 'upper case', origin: 'https://Example.com' },
  { name: 'upper case of a scheme that browsers lower-case, with a port', origin: 'http://LOCALHOST:8080' },
  { name: 'upper case of a WebSocket', origin: 'wss://Example.com' },
  { name: 'an upper-case scheme', origin: 'App://MyApp' },
  { name: 'no host after https', origin: 'https://' },
  { name: 'a path without a host', origin: 'file:///' },
  { name: 'a blank in an app', origin: 'app://My App' },
  { name: 'a trailing slash', origin: 'https://example.com/' },
  { name: 'a path', origin: 'https://example.com/a' },
  { name: 'userinfo', origin: 'https://a:b@example.com' },
  { name: 'two origins', origin: 'https://a.example https://b.example' },
  { name: 'a port that is no number', origin: 'https://example.com:a' },
  { name: 'a port of six digits', origin: 'https://example.com:123456' },
  { name: 'markup', origin: 'https://<script>alert(1)</script>' },
  { name: 'a quotation mark', origin: 'https://a"b' },
  { name: 'a backslash', origin: 'https://a\\b' },
  { name: 'a line break', origin: 'https://a.example\n' },
  { name: 'a terminal escape', origin: 'https://a\u001b[2J' },
  { name: 'a C1 control', origin: 'https://a\u009b2J' },
  { name: 'a character outside ASCII', origin: 'https://bücher.example' },
  { name: 'the separator of label keys', origin: 'https://a|b' },
  { name: 'a scheme of 33 characters', origin: `${'a'.repeat(33)}://b` },
  { name: '256 characters', origin: `https://${'a'.repeat(248)}` },
  { name: '15 KiB', origin: `https://${'a'.repeat(15_360)}` },
]

for (const origin of accepted) {
  t.test(`${origin.slice(0, 60)} may be a label`, async t => {
    t.equal(isSerialisedOrigin(origin), true)
  })
}
for (const { name, origin } of rejected) {
  t.test(`${name} may not be a label`, async t => {
    t.equal(isSerialisedOrigin(origin), false)
  })
}
