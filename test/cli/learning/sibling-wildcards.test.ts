import t from 'tap'
import { joinSiblings } from '../../../src/cli/learning/sibling-wildcards.ts'

const cases: readonly { name: string; origins: readonly string[]; values: readonly string[] }[] = [
  {
    name: 'two siblings',
    origins: ['https://a.example.com', 'https://b.example.com'],
    values: ['https://*.example.com', 'https://*.example.com'],
  },
  {
    name: 'siblings further down share what they share',
    origins: ['https://a.dev.example.co.uk', 'https://b.dev.example.co.uk'],
    values: ['https://*.dev.example.co.uk', 'https://*.dev.example.co.uk'],
  },
  {
    name: 'one below the other',
    origins: ['https://dev.example.com', 'https://a.dev.example.com'],
    values: ['https://*.example.com', 'https://*.example.com'],
  },
  {
    name: 'the domain itself stays itself',
    origins: ['https://example.com', 'https://a.example.com', 'https://b.example.com'],
    values: ['https://example.com', 'https://*.example.com', 'https://*.example.com'],
  },
  { name: 'one alone', origins: ['https://a.example.com'], values: ['https://a.example.com'] },
  {
    name: 'the same port',
    origins: ['https://a.example.com:8443', 'https://b.example.com:8443'],
    values: ['https://*.example.com:8443', 'https://*.example.com:8443'],
  },
  ...[
    ['https://a.example.com', 'https://b.example.com:8443'],
    ['https://a.example.com', 'http://b.example.com'],
    ['https://a.co.uk', 'https://b.co.uk'],
    ['https://a.com', 'https://b.com'],
    ['https://a.github.io', 'https://b.github.io'],
    ['https://a.pages.dev', 'https://b.pages.dev'],
    ['https://a.vercel.app', 'https://b.vercel.app'],
    ['https://a.cloudfront.net', 'https://b.cloudfront.net'],
    ['https://a.s3.eu-west-3.amazonaws.com', 'https://b.s3.eu-west-3.amazonaws.com'],
    ['https://a.blob.core.windows.net', 'https://b.blob.core.windows.net'],
    ['https://a.ngrok-free.app', 'https://b.ngrok-free.app'],
    ['https://a.onrender.com', 'https://b.onrender.com'],
    ['https://127.0.0.1', 'https://127.0.0.2'],
    ['https://[::1]', 'https://[::2]'],
    ['https://localhost', 'https://a.localhost'],
    ['https://a.internal', 'https://b.internal'],
    ['https://a.corp', 'https://b.corp'],
    ['https://github.io', 'https://a.github.io'],
  ].map(origins => ({ name: origins.join(' and '), origins, values: origins })),
  {
    name: "one customer's pages on a hosting domain",
    origins: ['https://a.mine.github.io', 'https://b.mine.github.io'],
    values: ['https://*.mine.github.io', 'https://*.mine.github.io'],
  },
]
for (const { name, origins, values } of cases) {
  t.test(`${name}: ${values[0] === origins[0] ? 'no wildcard' : values[0]}`, async t => {
    t.strictSame(
      origins.map(origin => joinSiblings(origins).get(origin)),
      values,
    )
  })
}
