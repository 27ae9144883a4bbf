import t from 'tap'
import { parseEndpointUrl } from '../../../src/config/schema/endpoint-url.ts'

const accepted: readonly { text: string; protocol: string; hostname: string; port: number; authority: string }[] = [
  { text: 'http://127.0.0.1:9000', protocol: 'http:', hostname: '127.0.0.1', port: 9000, authority: '127.0.0.1:9000' },
  {
    text: 'https://S3.Example.com/',
    protocol: 'https:',
    hostname: 's3.example.com',
    port: 443,
    authority: 's3.example.com',
  },
  {
    text: 'https://s3.example.com:443',
    protocol: 'https:',
    hostname: 's3.example.com',
    port: 443,
    authority: 's3.example.com',
  },
  { text: 'http://minio_1', protocol: 'http:', hostname: 'minio_1', port: 80, authority: 'minio_1' },
  { text: 'http://[::1]:9000', protocol: 'http:', hostname: '::1', port: 9000, authority: '[::1]:9000' },
]
for (const { text, ...expected } of accepted) {
  t.test(`${text} is an endpoint`, async t => t.strictSame(parseEndpointUrl(text), expected))
}

const rejected: readonly string[] = [
  '127.0.0.1:9000',
  'ftp://a',
  'HTTP//a',
  'http://',
  'http://a/b',
  'http://a?b',
  'http://a/?',
  'http://a#b',
  'http://user@a',
  'http://user:secret@a',
  'http://a\\b',
  'http://a b',
  'http://a:99999',
  'http://a:0',
  'http://[::zz]',
  'http://0x7f.1',
  'http://127.1',
  'http://a,b',
  ' http://a',
  'http://a\n',
]
for (const text of rejected) {
  t.test(`${JSON.stringify(text)} is no endpoint`, async t => t.equal(parseEndpointUrl(text), undefined))
}
