import t from 'tap'
import {
  type AddressOptions,
  type BucketAddress,
  createAddressParser,
  type OtherReading,
} from '../../../src/s3/address/bucket-address.ts'

const options: AddressOptions = {
  upstreamHost: 'minio',
  host: 'preserve',
  virtualHosts: ['s3.local', 'eu.s3.local'],
  hosts: [],
}

/** `KIND BUCKET [OBJECT|BUCKET]`, and what else it may be, by request-target, for a path-style Host unless another is given. */
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
    name: 'empty and dot segments, wrong escapes and odd bytes belong to the key',
    addresses: {
      '/bkt//': 'path bkt OBJECT',
      '/bkt//key': 'path bkt OBJECT',
      '/bkt/a/../key': 'path bkt OBJECT',
      '/bkt/./key': 'path bkt OBJECT',
      '/bkt/a/%2e%2e/key': 'path bkt OBJECT',
      '/bkt/..key/..': 'path bkt OBJECT',
      '/bkt/key..': 'path bkt OBJECT',
      '/bkt/.../...': 'path bkt OBJECT',
      '/bkt?prefix=../key': 'path bkt BUCKET',
      '/bkt/key?a=/../..': 'path bkt OBJECT',
      '/bkt/a%2Fb': 'path bkt OBJECT',
      '/bkt/%zz': 'path bkt OBJECT',
      '/bkt/a+b%20c"[]|^`\'(1)=@': 'path bkt OBJECT',
      '/bkt/a\\b': 'path bkt OBJECT',
      '/bkt/%E2%82%AC': 'path bkt OBJECT',
    },
  },
  {
    name: 'a key that leads above the bucket is ambiguous, for any reader of slashes and dots',
    addresses: {
      '/bkt/..': 'ambiguous',
      '/bkt/../': 'ambiguous',
      '/bkt/../other/key': 'ambiguous',
      '/bkt/../other/key?versionId=1': 'ambiguous',
      '/bkt/a/../../other/key': 'ambiguous',
      '/bkt/a//../../other/key': 'ambiguous',
      '/bkt/./../other/key': 'ambiguous',
      '/bkt/%2e%2e/other/key': 'ambiguous',
      '/bkt/.%2E/other/key': 'ambiguous',
      '/bkt/%252e%252e/other/key': 'ambiguous',
      '/bkt/..%2fother/key': 'ambiguous',
      '/bkt/a%2f../../other/key': 'ambiguous',
      '/bkt/a%2f..%2f..%2fother/key': 'ambiguous',
      '/bkt/..\\other\\key': 'ambiguous',
      '/bkt/..%5cother/key': 'ambiguous',
      '/bkt/a\\b/../../other/key': 'ambiguous',
      '/bkt/..;x/other/key': 'ambiguous',
      '/bkt/%2e%2e%3bx/other/key': 'ambiguous',
      '/BKT/../other/key': 'ambiguous',
      // Some readers cut at one of these slashes alone.
      '/bkt/a\\b%2f../../other/key': 'ambiguous',
      '/bkt/a%2fb\\../../other/key': 'ambiguous',
      // A parameter ends before its encoded slash is one.
      '/bkt/;x%2fa/../other/key': 'ambiguous',
      '/bkt/b/..;x%2fa/../other/key': 'ambiguous',
      '/bkt/b;x/..;y/../other/key': 'ambiguous',
      // Encoded twice, in pieces.
      '/bkt/%25%32%65%25%32%65/other/key': 'ambiguous',
      '/bkt/%2%65%252%65/other/key': 'ambiguous',
      '/bkt/%%32%65./other/key': 'ambiguous',
      '/bkt/%252525252525252525252525252e%2e/other/key': 'ambiguous',
    },
  },
  {
    name: 'a key with dots that stays in its bucket is a key',
    addresses: {
      '/bkt/a/../b': 'path bkt OBJECT',
      '/bkt/a/b/../../c': 'path bkt OBJECT',
      '/bkt/a..b/..c/d..': 'path bkt OBJECT',
      '/bkt/.../key': 'path bkt OBJECT',
      '/bkt/v1.2%2e3/100%25/key': 'path bkt OBJECT',
      '/bkt/a%2Fb/../c%41': 'path bkt OBJECT',
      '/bkt/a;b=1/../c': 'path bkt OBJECT',
      '/bkt/key?prefix=../../x': 'path bkt OBJECT',
    },
  },
  {
    name: 'a key that leads above the bucket in the Host is ambiguous, too',
    host: 'bucket-a.s3.local',
    addresses: {
      '/..': 'ambiguous',
      '/../other/key': 'ambiguous',
      '/a/%2e%2e/../other/key': 'ambiguous',
      '/bkt/../key': 'virtual bucket-a OBJECT',
    },
  },
  {
    name: 'the query is never part of the path',
    addresses: {
      '/?bkt/key': 'none',
      '/bkt?/key': 'path bkt BUCKET',
      '/bkt/?': 'path bkt BUCKET',
      '/bkt/k?a=%2F+b&&c': 'path bkt OBJECT',
      '/bkt?a=?/b': 'path bkt BUCKET',
    },
  },
  {
    name: 'virtual-hosted style takes the bucket from the Host and the key from the path',
    host: 'bucket-a.s3.local',
    addresses: {
      '/': 'virtual bucket-a BUCKET',
      '/?list-type=2': 'virtual bucket-a BUCKET',
      '/bucket-b/key': 'virtual bucket-a OBJECT',
      '//key': 'virtual bucket-a OBJECT',
      '/./key': 'virtual bucket-a OBJECT',
      '/a\\b': 'virtual bucket-a OBJECT',
      '/swift/v1/bucket-b/key': 'virtual bucket-a OBJECT',
      '/admin/usage': 'virtual bucket-a OBJECT',
      '/minio2/key': 'virtual bucket-a OBJECT',
      '/%zz/minio': 'virtual bucket-a OBJECT',
    },
  },
  {
    name: 'what a server looks at before the Host is no key either',
    host: 'bucket-a.s3.local',
    addresses: {
      '/minio/health/live': 'door minio',
      '/minio': 'door minio',
      '/minio?x': 'door minio',
      '/%6dinio/health/live': 'door minio',
      '/%4Dinio/health/live': 'door minio',
      '/Minio/health/live': 'door minio',
      '/rustfs/admin/v3/info': 'door rustfs',
      '/moto-api/reset': 'door moto-api',
      '/_localstack/health': 'door _localstack',
      '/%5flocalstack/health': 'door _localstack',
      '/_aws/ses': 'door _aws',
      '/_/healthcheck': 'door _',
      '/actuator/env': 'door actuator',
    },
  },
  {
    name: 'a Host equal to a base is path-style',
    host: 's3.local:9000',
    addresses: { '/bucket-b/key': 'path bucket-b OBJECT', '/': 'none' },
  },
  {
    name: 'of two bases that fit, the longer decides',
    host: 'bkt.eu.s3.local',
    addresses: { '/key': 'virtual bkt OBJECT' },
  },
  {
    name: 'a Host that endpoints read differently is ambiguous',
    host: 'BKT.s3.local',
    addresses: { '/': 'ambiguous', '/bkt/key': 'ambiguous' },
  },
  {
    name: 'a Host that is not configured has no bucket',
    host: 'other.example.com',
    addresses: {
      '/bkt/key': 'unknown host or path bkt OBJECT or virtual other OBJECT or virtual other.example.com OBJECT',
      '/': 'unknown host or virtual other BUCKET or virtual other.example.com BUCKET',
      '//key': 'ambiguous',
      '/swift/v1/bkt/key': 'door swift',
    },
  },
  {
    name: 'a base that is not configured is none until the endpoint was found to read it so',
    host: 'open.minio',
    addresses: {
      '/secret/k': 'virtual open OBJECT or path secret OBJECT',
      '/secret': 'virtual open OBJECT or path secret BUCKET',
      '/': 'virtual open BUCKET or none',
      '/?cors': 'virtual open BUCKET or none',
      '/My_File': 'virtual open OBJECT or none',
      '//k': 'ambiguous',
      '/../k': 'ambiguous',
      '/swift/../secret/k': 'ambiguous',
      '/:secret/k': 'door TENANT:BUCKET',
    },
  },
  {
    name: 'a base that the endpoint takes leaves one reading',
    options: { ...options, found: { bases: new Map([['minio', 'virtual']]), hosts: new Map(), foreign: undefined } },
    host: 'open.minio',
    addresses: { '/secret/k': 'virtual open OBJECT', '/swift/v1/secret/k': 'virtual open OBJECT' },
  },
  {
    name: 'a single label may be a bucket where the endpoint was found to read it so',
    options: { ...options, found: { bases: new Map(), hosts: new Map(), foreign: 'virtual' } },
    host: 'secret',
    addresses: {
      '/open/k': 'path open OBJECT or virtual secret OBJECT',
      '/': 'none or virtual secret BUCKET',
      '/../k': 'ambiguous',
      '/swift/../secret/k': 'ambiguous',
    },
  },
  {
    name: 'a single label that is no bucket name may be a bucket without rules',
    options: { ...options, found: { bases: new Map(), hosts: new Map(), foreign: 'virtual' } },
    host: 'xn--secret',
    addresses: { '/open/k': 'path open OBJECT or none', '/': 'none or none' },
  },
  {
    name: 'the bucket segment is decoded exactly once',
    addresses: {
      '/%62ucket/key': 'path bucket OBJECT',
      '/%62%75%63%6B%65%74': 'path bucket BUCKET',
      '/buck%65t?x': 'path bucket BUCKET',
      '/%2562ucket/key': 'none',
      '/b%2Dc': 'path b-c BUCKET',
    },
  },
  {
    name: 'a bucket segment whose ends could move is ambiguous',
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
    name: 'a bucket segment that does not decode is ambiguous',
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
    name: 'names of object properties are buckets or nothing, like any other',
    addresses: {
      '/constructor/k': 'path constructor OBJECT',
      '/prototype/k': 'path prototype OBJECT',
      '/__proto__/k': 'none',
    },
  },
  {
    name: 'a segment that is no bucket name is no bucket',
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
    },
  },
  {
    name: 'a fragment makes the target ambiguous, wherever it stands',
    addresses: {
      '/public/k#/../private': 'ambiguous',
      '/bkt#': 'ambiguous',
      '/bkt?a#b': 'ambiguous',
      '/#': 'ambiguous',
      '/bkt/a%23b': 'path bkt OBJECT',
    },
  },
  {
    name: 'a target that does not begin with a slash is ambiguous',
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
    name: 'raw bytes that no target may hold make it ambiguous',
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
    name: 'service-level requests are no bucket',
    addresses: { '/': 'none', '/?x=1': 'none' },
  },
  {
    name: 'a path that a known server takes for something else is no bucket, in every spelling',
    addresses: {
      '/swift': 'door swift',
      '/swift?format=json': 'door swift',
      '/%73wift/v1/secret/k': 'door swift',
      '/%73%77%69%66%74/v1/secret/k': 'door swift',
      '/Swift/v1/secret/k': 'door swift',
      '/%53wift/v1/secret/k': 'door swift',
      '/swift//v1/secret/k': 'door swift',
      '/swift/../secret/k': 'ambiguous',
      '/swift%2Fv1/secret/k': 'ambiguous',
      '//swift/v1/secret/k': 'ambiguous',
      '/./swift/v1/secret/k': 'ambiguous',
      '/%2e/swift/v1/secret/k': 'ambiguous',
      '/auth': 'door auth',
      '/auth/v1.0': 'door auth',
      '/admin/user': 'door admin',
      '/:secret/k': 'door TENANT:BUCKET',
      '/%3Asecret/k': 'door TENANT:BUCKET',
      '/%3asecret/k': 'door TENANT:BUCKET',
      '/tenant:secret/k': 'door TENANT:BUCKET',
      '/tenant%3Asecret': 'door TENANT:BUCKET',
      '/bkt:443': 'door TENANT:BUCKET',
      '/secret;x=1/k': 'door BUCKET;PARAMETER',
      '/secret%3Bx/k': 'door BUCKET;PARAMETER',
      '/v1/AUTH_test/secret/k': 'door v1',
      '/V1/AUTH_test/secret/k': 'door v1',
      '/v1.0/AUTH_test/secret/k': 'door v1.0',
      '/%76%31/AUTH_test/secret/k': 'door v1',
      '/info': 'door info',
      '/healthcheck': 'door healthcheck',
      '/crossdomain.xml': 'door crossdomain.xml',
      '/endpoints/v1/a/c/o': 'door endpoints',
      '/minio': 'door minio',
      '/minio/health/live': 'door minio',
      '/minio/admin/v3/info': 'door minio',
      '/%6dinio/admin/v3/info': 'door minio',
      '/rustfs/console/': 'door rustfs',
      '/health': 'door health',
      '/healthz': 'door healthz',
      '/status': 'door status',
      '/moto-api/reset': 'door moto-api',
      '/_localstack/health': 'door _localstack',
      '/_aws/ses': 'door _aws',
      '/_/metadata/x': 'door _',
      '/actuator/env': 'door actuator',
      '/minio2/key': 'path minio2 OBJECT',
      '/swiftly/key': 'path swiftly OBJECT',
      '/v1.1/key': 'path v1.1 OBJECT',
      '/bkt/swift/v1/k': 'path bkt OBJECT',
    },
  },
  {
    name: 'a bucket of such a name counts where the configuration names it',
    options: { ...options, namedBuckets: new Set(['minio', 'swift']) },
    addresses: {
      '/minio/key': 'path minio OBJECT',
      '/minio': 'path minio BUCKET',
      '/swift/v1/k': 'path swift OBJECT',
      '/Swift/v1/k': 'door swift',
      '/admin/k': 'door admin',
    },
  },
  {
    name: 'and under a virtual Host',
    options: { ...options, namedBuckets: new Set(['minio']) },
    host: 'bucket-a.s3.local',
    addresses: { '/minio/key': 'virtual bucket-a OBJECT' },
  },
  {
    name: 'unknownPaths: forward lets such paths through as no bucket',
    options: { ...options, unknownPaths: 'forward' },
    addresses: {
      '/swift/v1/secret/k': 'none behind a door',
      '/:secret/k': 'none behind a door',
      '/v1/AUTH_test/secret/k': 'none behind a door',
      '/bkt/key': 'path bkt OBJECT',
    },
  },
  {
    name: 'and under a virtual Host',
    options: { ...options, unknownPaths: 'forward' },
    host: 'aaa.s3.local',
    addresses: { '/minio/health/live': 'none behind a door' },
  },
  {
    name: 'a rewritten Host makes every unknown name path-style',
    options: { ...options, host: 'rewrite' },
    host: 'other.example.com',
    addresses: { '/bkt/key': 'path bkt OBJECT' },
  },
  {
    name: 'no Host, as HTTP/1.0 allows, is ambiguous',
    host: '',
    addresses: { '/bkt/key': 'ambiguous' },
  },
  {
    name: 'a key of 1024 bytes, each percent-encoded, is a key',
    addresses: { [`/bkt/${'%41'.repeat(1024)}`]: 'path bkt OBJECT' },
  },
]
function describe(address: BucketAddress | OtherReading): string {
  switch (address.kind) {
    case 'bucket':
      return `${address.style} ${address.bucket} ${address.object ? 'OBJECT' : 'BUCKET'}`
    case 'none':
      if ('isDoor' in address && address.isDoor === true) return 'none behind a door'
      return 'unknownHost' in address && address.unknownHost ? 'unknown host' : 'none'
    case 'door':
      return `door ${address.door}`
    default:
      return address.kind
  }
}

for (const { name, options: given = options, host = '127.0.0.1:8080', addresses } of cases) {
  t.test(name, async t => {
    const parse = createAddressParser(given)
    for (const [target, expected] of Object.entries(addresses)) {
      const address = parse(host, target)
      const others = 'others' in address ? (address.others ?? []) : []
      t.equal([address, ...others].map(describe).join(' or '), expected, target)
      if (address.kind === 'ambiguous') t.not(address.why, '')
    }
  })
}
