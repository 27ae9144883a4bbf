import t from 'tap'
import { headBytesOf } from '../../../src/proxy/client/client-request.ts'

const cases: readonly { target: string; rawHeaders: readonly string[]; bytes: number }[] = [
  { target: '/', rawHeaders: [], bytes: 1 },
  { target: '/b/k', rawHeaders: ['Host', 's3'], bytes: 4 + 4 + 2 + 2 * 24 },
  { target: '/b/k', rawHeaders: ['Host', 's3', '', ''], bytes: 4 + 4 + 2 + 4 * 24 },
]
for (const { target, rawHeaders, bytes } of cases) {
  t.test(`a head of ${rawHeaders.length} strings after ${target} keeps ${bytes} bytes`, async t => {
    t.equal(headBytesOf(target, rawHeaders), bytes)
  })
}
