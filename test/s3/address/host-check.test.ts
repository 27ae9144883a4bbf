import t from 'tap'
import { isHostValue } from '../../../src/s3/address/host-check.ts'

const cases: { name: string; accepted?: string[]; rejected?: string[] }[] = [
  {
    name: 'a name with an optional port is a Host value',
    accepted: [
      'a',
      'localhost',
      's3.example.com',
      'S3.Example.COM:9000',
      'my_bucket.s3.local',
      's3.example.com.',
      'a-b.c:1',
    ],
  },
  {
    name: 'an address with an optional port is a Host value',
    accepted: ['127.0.0.1', '127.0.0.1:9000', '[::1]', '[::1]:9000', '[2001:db8::7]:443'],
    rejected: ['[::1', '::1', '[::1]9000', '[::1]x:9000', '[fe80::1%25eth0]', '[v1.x]', 'a[::1]', '[]', '[]:80'],
  },
  {
    name: 'a port has one to five digits and lies between 1 and 65535',
    accepted: ['a:1', 'a:80', 'a:65535'],
    rejected: [
      'a:080',
      'a:00080',
      'a:+80',
      'a: 80',
      'a:',
      'a:0',
      'a:65536',
      'a:99999',
      'a:123456',
      'a:8x',
      'a:-1',
      'a:+1',
      'a: 1',
      'a:1:2',
      '[::1]:',
    ],
  },
  {
    name: 'Host with path, space, comma list, userinfo, bad port, non-ASCII or percent sign is refused',
    rejected: [
      'a/b',
      'bad host',
      'a, b',
      'a,b',
      'u@a:99999',
      'u@a',
      'a:b@c',
      'exämple',
      'a%62',
      'a?b',
      'a#b',
      'a\\b',
      'a\tb',
      'a\0',
    ],
  },
  {
    name: 'an empty name, an empty label or an endless name is refused',
    accepted: [`${'a'.repeat(255)}:65535`],
    rejected: ['', ':80', '.', '..', '.a', 'a..b', 'a..', 'a'.repeat(256), `${'a'.repeat(256)}:1`, 'a'.repeat(10_000)],
  },
]
for (const { name, accepted = [], rejected = [] } of cases) {
  t.test(name, async t => {
    for (const value of accepted) t.equal(isHostValue(value), true, `accepts '${value}'`)
    for (const value of rejected) t.equal(isHostValue(value), false, `rejects '${value.slice(0, 80)}'`)
  })
}
