import t from 'tap'
import type { NameLine } from '../../../src/admin/admin-sources.ts'
import { datedNames, describeNames, nothingKnown } from '../../../src/daemon/upstream/known-names.ts'
import { createHostReader, type FoundNames, type NameReading } from '../../../src/s3/address/host-addressing.ts'
import { parseText } from '../../fixtures/parsed-text.ts'

function configurationOf(text: string) {
  const { configuration } = parseText(text)
  if (configuration === undefined) throw new Error('the configuration has faults')
  return configuration
}

const configurations = [
  'upstream: { url: "http://127.0.0.1:9000" }\nvirtualHosts: [s3.example.com]\nhosts: [files.example.com]',
  'upstream: { url: "http://minio:9000" }\nvirtualHosts: [S3.Example.com, s3.example.com]\nhosts: [files.example.com]',
  'upstream: { url: "http://minio:9000" }\nvirtualHosts: [minio]',
  'upstream: { url: "https://s3.gra.example", host: rewrite }\nvirtualHosts: [m.example.com]\nhosts: [f.example.com]',
  'upstream: { url: "http://[::1]:9000" }',
]
const readings: readonly (NameReading | undefined)[] = [undefined, 'path', 'virtual', 'other']

/** What the reader of the data plane makes of a request under the name of a line. */
function readingOf({ setting, name }: NameLine, read: ReturnType<typeof createHostReader>): NameLine['bucketFrom'] {
  const isBase = setting === 'virtualHosts' || setting === 'upstream.url'
  const reading = read(isBase ? `some-bucket.${name}` : (name ?? 'some-label'))
  switch (reading.kind) {
    case 'virtual':
      return reading.isCertain ? 'host' : 'both'
    case 'path':
      return reading.orBucket === undefined ? 'path' : 'both'
    default:
      return 'none'
  }
}

t.test('what an operator reads is what the data plane does', async t => {
  for (const text of configurations) {
    const configuration = configurationOf(`${text}\n`)
    const { upstream, virtualHosts, hosts } = configuration
    for (const base of readings) {
      for (const host of readings) {
        for (const foreign of [...readings, 'silent'] as const) {
          const all = [...virtualHosts, ...hosts, upstream.url.hostname]
          const found: FoundNames = {
            bases: new Map(base === undefined ? [] : all.map(name => [name, base])),
            hosts: new Map(host === undefined ? [] : all.map(name => [name, host])),
            foreign,
          }
          const read = createHostReader({
            upstreamHost: upstream.url.hostname,
            host: upstream.host,
            virtualHosts,
            hosts,
            found,
          })
          const lines = describeNames(configuration, { ...nothingKnown, found })
          const told = lines.map(({ bucketFrom }) => bucketFrom)
          const done = lines.map(line => readingOf(line, read))
          t.strictSame(told, done, `${text}: bases ${base}, hosts ${host}, others ${foreign}`)
        }
      }
    }
  }
})

t.test('each name once, with what the endpoint does and since when', async t => {
  const configuration = configurationOf(`${configurations[1]}\n`)
  const found: FoundNames = { bases: new Map([['minio', 'path']]), hosts: new Map(), foreign: 'silent' }
  t.strictSame(
    describeNames(configuration, { asked: true, found, sinceMs: new Map([['bases minio', 5]]) }).map(line =>
      Object.values(line),
    ),
    [
      ['virtualHosts', 's3.example.com', 'unknown', undefined, 'host'],
      ['upstream.url', 'minio', 'path', 5, 'both'],
      ['hosts', 'files.example.com', 'unknown', undefined, 'path'],
      ['other labels', undefined, 'silent', undefined, 'path'],
    ],
  )
})

t.test('a reading keeps its time until it is another', async t => {
  const first: FoundNames = { bases: new Map([['a', 'path']]), hosts: new Map([['a', 'path']]), foreign: undefined }
  const atFirst = datedNames(nothingKnown, first, 1)
  t.strictSame(
    atFirst,
    new Map([
      ['bases a', 1],
      ['hosts a', 1],
    ]),
  )
  const second: FoundNames = { bases: new Map([['a', 'virtual']]), hosts: new Map([['a', 'path']]), foreign: 'silent' }
  t.strictSame(
    datedNames({ found: first, sinceMs: atFirst }, second, 2),
    new Map([
      ['bases a', 2],
      ['hosts a', 1],
      ['foreign ', 2],
    ]),
  )
})
