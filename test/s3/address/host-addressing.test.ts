import t from 'tap'
import type { FoundNames, NameReading } from '../../../src/s3/address/host-addressing.ts'
import { createHostReader, type HostOptions } from '../../../src/s3/address/host-addressing.ts'

const options: HostOptions = {
  upstreamHost: 'minio',
  host: 'preserve',
  virtualHosts: ['s3.local', 'eu.s3.local'],
  hosts: ['files.s3.local', 'proxy.example.com'],
}
const rewriting: HostOptions = { ...options, host: 'rewrite' }

function found(bases: Readonly<Record<string, NameReading>>): FoundNames {
  return { bases: new Map(Object.entries(bases)), hosts: new Map(), foreign: 'path' }
}

t.test('what the Host before was has no part in it', async t => {
  const read = createHostReader(options)
  for (let round = 0; round < 2; round++) {
    for (const host of ['', 'bkt.s3.local', 'bkt.s3.local', '', 'a/b', 's3.local', 'other.example', 'bkt.s3.local']) {
      t.strictSame(read(host), createHostReader(options)(host), `"${host}"`)
    }
  }
})

/** `path`, `bucket NAME`, `maybe NAME`, `path or NAME`, `none`, `unknown` or `ambiguous` for each Host. */
const cases: { name: string; options?: HostOptions; readings: Record<string, string> }[] = [
  {
    name: 'a Host equal to a base is path-style, whatever its case, port or last dot',
    readings: {
      's3.local': 'path',
      's3.local:9000': 'path',
      'S3.Local': 'path',
      's3.local.': 'path',
      'eu.s3.local': 'path',
      minio: 'path',
      'minio:9000': 'path',
    },
  },
  {
    name: 'a Host under a base names a bucket, dots and port included',
    readings: {
      'bkt.s3.local': 'bucket bkt',
      'bkt.s3.local:9000': 'bucket bkt',
      'a.b.s3.local': 'bucket a.b',
    },
  },
  {
    name: 'a base that is not configured names a bucket perhaps, until the endpoint was asked',
    readings: { 'bkt.minio:9000': 'maybe bkt', 'a.b.minio': 'maybe a.b' },
  },
  {
    name: 'what the endpoint was found to do counts more than what was written',
    options: { ...options, found: found({ minio: 'virtual', 's3.local': 'path' }) },
    readings: { 'bkt.minio': 'bucket bkt', 'bkt.s3.local': 'maybe bkt', 'bkt.eu.s3.local': 'bucket bkt' },
  },
  {
    name: 'rewritten, every base is as the own name of the endpoint is',
    options: { ...rewriting, found: found({ minio: 'path', 's3.local': 'virtual' }) },
    readings: { 'bkt.s3.local': 'maybe bkt', 'bkt.minio': 'maybe bkt' },
  },
  {
    name: 'rewritten, a base that was written counts until the endpoint was asked',
    options: rewriting,
    readings: { 'bkt.s3.local': 'bucket bkt', 'bkt.minio': 'maybe bkt' },
  },
  {
    name: 'a single label is a bucket perhaps where the endpoint reads it so, or where the configuration names such a bucket',
    options: { ...options, found: { ...found({}), foreign: 'virtual' } },
    readings: {
      proxy: 'path or proxy',
      'proxy:8080': 'path or proxy',
      ab: 'path or ab',
      'xn--bkt': 'path or xn--bkt',
      a_b: 'path or a_b',
      minio: 'path',
      '127.0.0.1': 'path',
    },
  },
  {
    name: 'a single label is a bucket perhaps until the endpoint was asked, unless it is too short for one',
    options: { ...options, upstreamHost: '127.0.0.1' },
    readings: {
      proxy: 'path or proxy',
      'PROXY.:8080': 'path or proxy',
      minio: 'path or minio',
      localhost: 'path or localhost',
      '127.': 'path or 127',
      ab: 'path',
      '127.0.0.1': 'path',
      '[::1]': 'path',
    },
  },
  {
    name: 'a single label is no bucket where the endpoint takes it for none, or names none in its error',
    options: { ...options, found: { ...found({}), foreign: 'silent' } },
    readings: { proxy: 'path', localhost: 'path' },
  },
  {
    name: 'a single label is a bucket perhaps where the configuration names such a bucket',
    options: { ...options, namedBuckets: new Set(['proxy']), found: found({}) },
    readings: { proxy: 'path or proxy', other: 'path', minio: 'path' },
  },
  {
    name: 'rewritten, every path-style name is a bucket perhaps where the endpoint takes its own name for one',
    options: { ...rewriting, found: { ...found({ minio: 'other' }), hosts: new Map([['minio', 'virtual']]) } },
    readings: {
      minio: 'path or minio',
      'other.example.com': 'path or minio',
      'files.s3.local': 'path or minio',
      '127.0.0.1': 'path or minio',
      '[::1]': 'path or minio',
      'minio.s3.local': 'none',
    },
  },
  {
    name: 'rewritten, a label of the client is not seen by the endpoint',
    options: rewriting,
    readings: { proxy: 'path', localhost: 'path' },
  },
  {
    name: 'a listed name is a bucket perhaps where the endpoint reads it so',
    options: {
      ...options,
      found: { ...found({}), foreign: 'virtual', hosts: new Map([['proxy.example.com', 'virtual']]) },
    },
    readings: { 'proxy.example.com': 'path or proxy.example.com', 'files.s3.local': 'path' },
  },
  {
    name: 'a base by itself is a bucket perhaps where the endpoint reads it so',
    options: { ...options, found: { ...found({}), hosts: new Map([['minio', 'virtual']]) } },
    readings: { minio: 'path or minio', 'minio:9000': 'path or minio', 's3.local': 'path' },
  },
  {
    name: 'under a name of which the endpoint takes another part no bucket is certain',
    options: {
      ...options,
      found: { ...found({ 's3.local': 'other', minio: 'other' }), hosts: new Map([['files.s3.local', 'other']]) },
    },
    readings: {
      'bkt.s3.local': 'none: bkt, bkt.s3.local',
      'bkt.minio:9000': 'none: bkt, bkt.minio',
      'BKT.s3.local': 'none: bkt, bkt.s3.local',
      'files.s3.local': 'none: files, files.s3.local',
      'bkt.eu.s3.local': 'bucket bkt',
    },
  },
  {
    name: 'of an unknown name every part that is named, the first that can be one and the whole may be the bucket',
    options: { ...options, namedBuckets: new Set(['a.b', 'x.y']) },
    readings: {
      'aaa.b.example.com': 'unknown: aaa, aaa.b.example.com',
      'a.b.example.com': 'unknown: a.b, a.b.example.com',
      'X.Y.z.example.com': 'unknown: x.y, x.y.z.example.com',
      'ab.s3.local': 'none: ab.s3, ab.s3.local',
    },
  },
  {
    name: 'of two bases that fit, the longer decides',
    readings: {
      'bkt.eu.s3.local': 'bucket bkt',
      'a.bkt.eu.s3.local': 'bucket a.bkt',
      'bkt.us.s3.local': 'bucket bkt.us',
    },
  },
  {
    name: 'a preserved Host that endpoints read differently is ambiguous',
    readings: {
      'BKT.s3.local': 'ambiguous',
      'bkt.S3.local': 'ambiguous',
      'bkt.s3.local.': 'ambiguous',
      'bkt.s3.local.:9000': 'ambiguous',
    },
  },
  {
    name: 'a rewritten Host is written by us, so its case and last dot do not matter',
    options: rewriting,
    readings: { 'BKT.s3.local': 'bucket bkt', 'bkt.S3.local.': 'bucket bkt', 'S3.LOCAL.': 'path' },
  },
  {
    name: "`minio.` before a base is MinIO's own alias, never a bucket",
    readings: { 'minio.s3.local': 'none', 'minio.eu.s3.local:9000': 'none' },
  },
  {
    name: '`minio.` before a base is path-style when rewritten, because the endpoint sees its own name',
    options: rewriting,
    readings: { 'minio.s3.local': 'path' },
  },
  {
    name: 'a preserved Host with an impossible bucket name is no bucket',
    readings: {
      'ab.s3.local': 'none',
      '_x_.s3.local': 'none',
      '192.168.5.4.s3.local': 'none',
      'xn--abc.s3.local': 'none',
    },
  },
  {
    name: 'a Host with an impossible bucket name cannot be rewritten: the endpoint would take the path for the bucket',
    options: rewriting,
    readings: { 'ab.s3.local': 'ambiguous', '_x_.s3.local': 'ambiguous' },
  },
  {
    name: 'IP literals, localhost and single labels are path-style',
    options: { ...options, found: found({}) },
    readings: {
      '127.0.0.1': 'path',
      '127.0.0.1:8080': 'path',
      '[::1]': 'path',
      '[::1]:8080': 'path',
      localhost: 'path',
      'LOCALHOST:8080': 'path',
      'localhost.': 'path',
      '127.': 'path',
      '127.0.0.1.': 'path',
      proxy: 'path',
    },
  },
  {
    name: 'a name listed in hosts is path-style, even under a base',
    readings: { 'proxy.example.com': 'path', 'Proxy.Example.com:443': 'path', 'files.s3.local': 'path' },
  },
  {
    name: 'a preserved DNS name that is not configured is unknown',
    readings: {
      'other.example.com': 'unknown',
      'a.proxy.example.com': 'unknown',
      'xs3.local': 'unknown',
      'bkt.127.0.0.1': 'unknown',
      'bkt.localhost': 'unknown',
    },
  },
  {
    name: 'a rewritten DNS name that is not configured is path-style: the endpoint sees its own name',
    options: rewriting,
    readings: { 'other.example.com': 'path', 'xs3.local': 'path' },
  },
  {
    name: 'an IP literal of the endpoint is no base',
    options: { upstreamHost: '127.0.0.1', host: 'preserve', virtualHosts: [], hosts: [] },
    readings: { 'bkt.127.0.0.1': 'unknown', '127.0.0.1': 'path' },
  },
  {
    name: 'an IPv6 literal of the endpoint is no base',
    options: { upstreamHost: '::1', host: 'preserve', virtualHosts: [], hosts: [] },
    readings: { '[::1]': 'path', 'a.b': 'unknown' },
  },
  {
    name: 'bases and hosts are compared without regard to their case and last dot',
    options: {
      upstreamHost: 'S3.Example.com.',
      host: 'preserve',
      virtualHosts: ['V.Example.com'],
      hosts: ['H.Example.com.'],
    },
    readings: { 'bkt.s3.example.com': 'maybe bkt', 'bkt.v.example.com': 'bucket bkt', 'h.example.com': 'path' },
  },
  {
    name: 'what is no Host value is ambiguous',
    readings: {
      '': 'ambiguous',
      'a/b': 'ambiguous',
      'bad host': 'ambiguous',
      'a, b': 'ambiguous',
      'u@a:99999': 'ambiguous',
      '.s3.local': 'ambiguous',
      'a..s3.local': 'ambiguous',
      'bkt%2e.s3.local': 'ambiguous',
      's3.local:': 'ambiguous',
      '[::1': 'ambiguous',
    },
  },
]
for (const { name, options: given = options, readings } of cases) {
  t.test(name, async t => {
    const read = createHostReader(given)
    for (const [host, expected] of Object.entries(readings)) {
      const reading = read(host)
      switch (reading.kind) {
        case 'virtual':
          t.equal(`${reading.isCertain ? 'bucket' : 'maybe'} ${reading.bucket}`, expected, host)
          break
        case 'path':
          t.equal(reading.orBucket === undefined ? 'path' : `path or ${reading.orBucket}`, expected, host)
          break
        case 'none': {
          const kind = reading.unknownHost ? 'unknown' : 'none'
          t.equal(expected.includes(':') ? `${kind}: ${reading.candidates.join(', ')}` : kind, expected, host)
          break
        }
        default:
          t.equal(reading.kind, expected, host)
      }
    }
  })
}
