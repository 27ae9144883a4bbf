import t from 'tap'
import { isPublicSuffix } from '../../../src/cors/lint/public-suffix.ts'

const cases: { name: string; expected: boolean; domains: string[] }[] = [
  { name: 'top-level domains are public', expected: true, domains: ['com', 'dev', 'io', 'xyz', 'get'] },
  {
    name: 'domains of hosting services are public',
    expected: true,
    domains: ['github.io', 'vercel.app', 'co.uk', 'pages.dev'],
  },
  {
    name: 'the endpoints of S3 are public',
    expected: true,
    domains: [
      's3.amazonaws.com',
      's3.eu-west-3.amazonaws.com',
      's3-website-us-east-1.amazonaws.com',
      's3.cn-north-1.amazonaws.com.cn',
    ],
  },
  {
    name: 'names that are not for sale are not',
    expected: false,
    domains: ['localhost', 'internal', 'local', 'test', 'example'],
  },
  {
    name: 'domains of one owner are not',
    expected: false,
    domains: ['example.com', 'my.github.io', 'app.vercel.app', 'my-bucket.s3.amazonaws.com', 'a.b.c'],
  },
]

for (const { name, expected, domains } of cases) {
  t.test(name, async t => {
    for (const domain of domains) t.equal(isPublicSuffix(domain), expected, domain)
  })
}
