// An endpoint answered with 256 KiB of carriage returns, and the XML library, which is quadratic on them, held the thread for
// 85 seconds. Whatever reads XML from an endpoint goes through one reader that makes line feeds of them first.

import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { TransportAnswer } from '../../src/s3/endpoint/endpoint-transport.ts'
import { parseErrorDocument } from '../../src/s3/endpoint/error-document.ts'
import { createGetBucketCors } from '../../src/s3/endpoint/get-bucket-cors.ts'
import { createListBuckets } from '../../src/s3/endpoint/list-buckets.ts'

const returns = '\r'.repeat(256 * 1024 - 200)
const answer = (status: number, text: string): TransportAnswer => ({ status, headers: [], body: Buffer.from(text) })

const cases: readonly { name: string; read: () => unknown; result: unknown }[] = [
  {
    name: 'an error document over its limit',
    read: () => parseErrorDocument(answer(404, `<Error><Code>NoSuchBucket</Code>${returns}</Error>`)),
    result: undefined,
  },
  {
    name: 'an error document within its limit',
    read: () => parseErrorDocument(answer(404, `<Error><Code>NoSuchBucket</Code>${returns.slice(0, 65_000)}</Error>`)),
    result: { code: 'NoSuchBucket', region: undefined, bucketName: undefined },
  },
  {
    name: 'a list of buckets',
    read: () =>
      createListBuckets(async () =>
        answer(
          200,
          `<ListAllMyBucketsResult><Buckets><Bucket><Name>media</Name></Bucket>${returns.repeat(7)}</Buckets></ListAllMyBucketsResult>`,
        ),
      )(),
    result: { kind: 'buckets', names: new Set(['media']) },
  },
  {
    name: 'a CORS configuration',
    read: () =>
      createGetBucketCors(async () => answer(200, `<CORSConfiguration>${returns}</CORSConfiguration>`))('media'),
    result: { kind: 'none', unsupported: false },
  },
]
for (const { name, read, result } of cases) {
  t.test(`${name} full of carriage returns is read in no time`, async t => {
    const before = process.cpuUsage()
    t.strictSame(await read(), result)
    const { user, system } = process.cpuUsage(before)
    // Processor time, which no other process makes longer. Measured: 0.2 s for the longest of them. The library alone takes 1.6 s
    // for 64 KiB, and four times that for twice as much.
    const tookMs = (user + system) / 1000
    if (tookMs > 2000) t.fail(`it took ${Math.round(tookMs)} ms`)
  })
}

t.test('the XML library is called in one place', async t => {
  const folder = new URL('../../src/', import.meta.url)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
  const callers = files.filter(name => /\bparseXml\(/.test(readFileSync(new URL(name, folder), 'utf8')))
  t.strictSame(callers, ['s3/xml/xml-document.ts'])
})
