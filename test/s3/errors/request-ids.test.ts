import t from 'tap'
import { createRequestIds } from '../../../src/s3/errors/request-ids.ts'

/** 56 bytes: `start` for the counter, then zeros. */
function bytes(start: number[]): (size: number) => Uint8Array {
  return size => Uint8Array.from({ length: size }, (_, i) => start[i] ?? 0)
}

t.test('every request id is 16 upper-case hexadecimal digits and different', async t => {
  const next = createRequestIds(bytes([0xab, 0xcd, 0xef, 0x01, 0xff, 0xff, 0xff, 0x00]))
  const ids = Array.from({ length: 1000 }, () => next().requestId)
  for (const id of ids) if (!/^[0-9A-F]{16}$/.test(id)) t.fail(`not a request id: ${id}`)
  t.equal(new Set(ids).size, 1000)
})

t.test('the half that marks the process changes when the counter is full', async t => {
  const next = createRequestIds(bytes([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))
  t.equal(next().requestId.slice(0, 8), 'FFFFFFFF')
  t.strictSame(next().requestId, '0000000000000000')
  t.equal(next().requestId, '000000009E3779B1')
})

t.test('the host id is the same for every request and randomness is drawn once', async t => {
  let calls = 0
  const next = createRequestIds(size => {
    calls++
    return new Uint8Array(size).fill(7)
  })
  const { hostId } = next()
  t.equal(next().hostId, hostId)
  t.equal(hostId, Buffer.alloc(48, 7).toString('base64'))
  t.equal(calls, 1)
})
