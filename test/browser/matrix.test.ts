// What pages do with S3, in two browsers, through the whole proxy over TLS.

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { skipWithout } from '../servers/installed.ts'
import { howToGetMinio } from '../servers/minio.ts'
import { abortCases } from './matrix/abort-cases.ts'
import { cachingCases } from './matrix/caching-cases.ts'
import {
  type EndpointName,
  type MatrixWorld,
  origins,
  page as pageOrigin,
  startMatrixWorld,
} from './matrix/matrix-world.ts'
import { mediaCases } from './matrix/media-cases.ts'
import { preflightCases } from './matrix/preflight-cases.ts'
import { readingCases } from './matrix/reading-cases.ts'
import { uploadCases } from './matrix/upload-cases.ts'
import { browserNames, launchBrowser, skipWithoutAnyBrowser, skipWithoutBrowser } from './web-browser.ts'

t.setTimeout(600_000)

const cases = [...readingCases, ...preflightCases, ...mediaCases, ...cachingCases, ...uploadCases, ...abortCases]

/** A request is counted when it has ended, which may be a moment after the page knows. */
async function preflightsSince(
  world: MatrixWorld,
  on: EndpointName,
  before: number,
  expected: number,
): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const count = (await world.preflights(on)) - before
    if (count >= expected) return count
    await sleep(100)
  }
  return (await world.preflights(on)) - before
}

for (const [protocol, http2] of [
  ['HTTP/1.1', false],
  ['HTTP/2.0', true],
] as const) {
  t.test(`the matrix over ${protocol}`, { skip: skipWithoutAnyBrowser() }, async t => {
    const world = await startMatrixWorld(t, http2)
    const withoutMinio = skipWithout('MinIO', world.minio !== undefined, howToGetMinio)
    for (const name of browserNames) {
      await t.test(name, { skip: skipWithoutBrowser(name) }, async t => {
        const browser = await launchBrowser(t, name, world.internet)
        const tab = await browser.open(pageOrigin)
        for (const [index, row] of cases.entries()) {
          const { on, script, expected, unlike, preflights } = row
          await t.test(row.name, { skip: on === 'MinIO' && withoutMinio }, async t => {
            const before = await world.preflights(on)
            await tab.goto(`${pageOrigin}/?case=${index}`)
            const values = { s3: origins[on], ...(await row.values?.(world, name)) }
            const got = await tab.run(script, values)
            t.strictSame(got, unlike?.[name] ?? expected, row.name)
            if (preflights !== undefined) {
              t.equal(await preflightsSince(world, on, before, preflights), preflights, `${preflights} preflights`)
            }
            await row.after?.(t, world, name)
          })
        }
      })
    }
    t.strictSame(world.protocols(), [protocol], 'what the browsers spoke')
  })
}
