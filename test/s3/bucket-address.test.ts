import t from 'tap'
import { type AddressOptions, createAddressParser } from '../../src/s3/bucket-address.ts'

const options: AddressOptions = {
  upstreamHost: 'minio',
  host: 'preserve',
  virtualHosts: ['s3.local', 'eu.s3.local'],
  hosts: [],
}

/** `KIND BUCKET [OBJECT|BUCKET]` by request-target, for a path-style Host unless another is given. */
const cases: { name: string; options?: AddressOptions; host?: string; addresses: Record<string, string> }[] = [
  {
    name: 'the bucket is the first segment of the path, and what follows it is a key',
    addresses: {
      '/bkt': 'path bkt BUCKET',
      '/bkt/': 'path bkt BUCKET',
      '/bkt?list-type=2': 'path bkt BUCKET',
      '/bkt/?list-type=2': 'path bkt BUCKET',
      '/bkt/key': 'path bkt OBJECT',
      '/bkt/key?versionId=1': 'path bkt OBJECT',
      '/bkt/a/b/c': 'path bkt OBJECT',
      '/my.media-1/k': 'path my.media-1 OBJECT',
    },
  },
  {
    name: 'empty and dot segments, wrong escapes and odd bytes belong to the key (B034)',
    addresses: {
      '/bkt//': 'path bkt OBJECT',
      '/bkt//key': 'path bkt OBJECT',
      '/bkt/../key': 'path bkt OBJECT',
      '/bkt/./key': 'path bkt OBJECT',
      '/bkt/%2e%2e/key': 'path bkt OBJECT',
      '/bkt/a%2Fb': 'path bkt OBJECT',
      '/bkt/%zz': 'path bkt OBJECT',
      '/bkt/a+b%20c"[]|^`\'(1)=@': 'path bkt OBJECT',
      '/bkt/a\\b': 'path bkt OBJECT',
      '/bkt/%E2%82%AC': 'path bkt OBJECT',
    },
  },
  {
    name: 'the query is never part of the path (B035)',
    addresses: {
      '/?bkt/key': 'none',
      '/bkt?/key': 'path bkt BUCKET',
      '/bkt/?': 'path bkt BUCKET',
      '/bkt/k?a=%2F+b&&c': 'path bkt OBJECT',
      '/bkt?a=?/b': 'path bkt BUCKET',
    },
  },
  {
    name: 'virtual-hosted style takes the bucket from the Host and the key from the path (B028)',
    host: 'bucket-a.s3.local',
    addresses: {
      '/': 'virtual bucket-a BUCKET',
      '/?list-type=2': 'virtual bucket-a BUCKET',
      '/bucket-b/key': 'virtual bucket-a OBJECT',
      '//key': 'virtual bucket-a OBJECT',
      '/./key': 'virtual bucket-a OBJECT',
      '/a\\b': 'virtual bucket-a OBJECT',
      '/minio/health/live': 'virtual bucket-a OBJECT',
    },
  },
  {
    name: 'a Host equal to a base is path-style (B028)',
    host: 's3.local:9000',
    addresses: { '/bucket-b/key': 'path bucket-b OBJECT', '/': 'none' },
  },
  {
    name: 'of two bases that fit, the longer decides (B029)',
    host: 'bkt.eu.s3.local',
    addresses: { '/key': 'virtual bkt OBJECT' },
  },
  {
    name: 'a Host that endpoints read differently is ambiguous (B029)',
    host: 'BKT.s3.local',
    addresses: { '/': 'ambiguous', '/bkt/key': 'ambiguous' },
  },
  {
    name: 'a Host that nobody configured has no bucket',
    host: 'other.example.com',
    addresses: { '/bkt/key': 'unknown host', '/': 'unknown host' },
  },
  {
    name: 'the bucket segment is decoded exactly once (B030)',
    addresses: {
      '/%62ucket/key': 'path bucket OBJECT',
      '/%62%75%63%6B%65%74': 'path bucket BUCKET',
      '/buck%65t?x': 'path bucket BUCKET',
      '/%2562ucket/key': 'none',
      '/b%2Dc': 'path b-c BUCKET',
    },
  },
  {
    name: 'a bucket segment whose ends could move is ambiguous (B031)',
    addresses: {
      '/bkt%2Fkey': 'ambiguous',
      '/bkt%2fkey': 'ambiguous',
      '/bkt%5Ckey': 'ambiguous',
      '/bkt%00': 'ambiguous',
      '/bkt%0a/key': 'ambiguous',
      '/bkt%7f/key': 'ambiguous',
      '/%2e%2e/bkt/key': 'ambiguous',
      '/%2e/bkt': 'ambiguous',
      '/.%2E/bkt': 'ambiguous',
      '/./bkt': 'ambiguous',
      '/../bkt': 'ambiguous',
      '/..': 'ambiguous',
      '//bkt/key': 'ambiguous',
      '//': 'ambiguous',
      '/\\bkt': 'ambiguous',
      '/bkt\\key': 'ambiguous',
      '/bkt\\/key': 'ambiguous',
    },
  },
  {
    name: 'a bucket segment that does not decode is ambiguous (B031)',
    addresses: {
      '/bkt%': 'ambiguous',
      '/bkt%6': 'ambiguous',
      '/bkt%zz/key': 'ambiguous',
      '/bkt%ff/key': 'ambiguous',
      '/bkt%c0%af/key': 'ambiguous',
      '/bkt%ed%a0%80': 'ambiguous',
    },
  },
  {
    name: 'names of object properties are buckets or nothing, like any other (B032)',
    addresses: {
      '/constructor/k': 'path constructor OBJECT',
      '/prototype/k': 'path prototype OBJECT',
      '/__proto__/k': 'none',
    },
  },
  {
    name: 'a segment that is no bucket name is no bucket (B033)',
    addresses: {
      '/ab/key': 'none',
      [`/${'a'.repeat(64)}/key`]: 'none',
      '/Bkt/key': 'none',
      '/b_t/key': 'none',
      '/b..t/key': 'none',
      '/...': 'none',
      '/-bkt/key': 'none',
      '/192.168.5.4/key': 'none',
      '/xn--bkt/key': 'none',
      '/%E2%82%ACuro/key': 'none',
      '/%20bkt': 'none',
      '/b%3Ft': 'none',
      '/bkt:443': 'none',
    },
  },
  {
    name: 'a fragment makes the target ambiguous, wherever it stands (B036)',
    addresses: {
      '/public/k#/../private': 'ambiguous',
      '/bkt#': 'ambiguous',
      '/bkt?a#b': 'ambiguous',
      '/#': 'ambiguous',
      '/bkt/a%23b': 'path bkt OBJECT',
    },
  },
  {
    name: 'a target that does not begin with a slash is ambiguous (B039)',
    addresses: {
      '*': 'ambiguous',
      '*/x': 'ambiguous',
      '': 'ambiguous',
      'bkt/key': 'ambiguous',
      'http://s3.local/bkt/key': 'ambiguous',
      's3.local:443': 'ambiguous',
      '?a': 'ambiguous',
    },
  },
  {
    name: 'raw bytes that no target may hold make it ambiguous (B041)',
    addresses: {
      '/bkt/a\0': 'ambiguous',
      '/bkt/a\tb': 'ambiguous',
      '/bkt/a b': 'ambiguous',
      '/bkt/\x7f': 'ambiguous',
      '/bkt/\x80': 'ambiguous',
      '/bkt/\xe9': 'ambiguous',
      '/bkt/€': 'ambiguous',
      '/bkt?\r\n': 'ambiguous',
    },
  },
  {
    name: "service-level requests and MinIO's reserved path are no bucket (B043)",
    addresses: {
      '/': 'none',
      '/?x=1': 'none',
      '/minio': 'none',
      '/minio/health/live': 'none',
      '/minio/admin/v3/info': 'none',
      '/%6dinio/admin/v3/info': 'none',
      '/minio2/key': 'path minio2 OBJECT',
    },
  },
  {
    name: 'a bucket called minio counts where the configuration names it',
    options: { ...options, namedBuckets: new Set(['minio']) },
    addresses: { '/minio/key': 'path minio OBJECT', '/minio': 'path minio BUCKET' },
  },
  {
    name: 'a rewritten Host makes every unknown name path-style',
    options: { ...options, host: 'rewrite' },
    host: 'other.example.com',
    addresses: { '/bkt/key': 'path bkt OBJECT' },
  },
  {
    name: 'no Host, as HTTP/1.0 allows, is ambiguous (B026)',
    host: '',
    addresses: { '/bkt/key': 'ambiguous' },
  },
  {
    name: 'a key of 1024 bytes, each percent-encoded, is a key (B045)',
    addresses: { [`/bkt/${'%41'.repeat(1024)}`]: 'path bkt OBJECT' },
  },
]
for (const { name, options: given = options, host = '127.0.0.1:8080', addresses } of cases) {
  t.test(name, async t => {
    const parse = createAddressParser(given)
    for (const [target, expected] of Object.entries(addresses)) {
      const address = parse(host, target)
      switch (address.kind) {
        case 'bucket':
          t.equal(`${address.style} ${address.bucket} ${address.object ? 'OBJECT' : 'BUCKET'}`, expected, target)
          break
        case 'none':
          t.equal(address.unknownHost ? 'unknown host' : 'none', expected, target)
          break
        default:
          t.equal(address.kind, expected, target)
          t.not(address.why, '')
      }
    }
  })
}
