import t from 'tap'
import { ClientPace, leastBytesPerSecond } from '../../../../src/proxy/upstream/pool/client-pace.ts'

/** Looks four times a second; `bytes` and `awaited` are of each quarter. */
function look(pace: ClientPace, fromMs: number, seconds: number, bytesPerSecond: number, awaited = true): void {
  for (let i = 1; i <= seconds * 4; i++) pace.advance(fromMs + i * 250, (bytesPerSecond * i) / 4, awaited)
}

const cases: {
  name: string
  seconds: number
  bytesPerSecond: number
  awaited?: boolean
  soon: boolean
  slow: boolean
}[] = [
  { name: 'one that has just begun', seconds: 1.75, bytesPerSecond: 0, soon: false, slow: false },
  { name: 'silence for two seconds', seconds: 2, bytesPerSecond: 0, soon: true, slow: false },
  { name: 'silence for ten seconds', seconds: 10, bytesPerSecond: 0, soon: true, slow: true },
  { name: 'a byte a second', seconds: 11, bytesPerSecond: 1, soon: true, slow: true },
  { name: 'half the least rate', seconds: 8, bytesPerSecond: leastBytesPerSecond / 2, soon: true, slow: false },
  { name: 'half of it for long', seconds: 20, bytesPerSecond: leastBytesPerSecond / 2, soon: true, slow: true },
  { name: 'the least rate for long', seconds: 60, bytesPerSecond: leastBytesPerSecond, soon: false, slow: false },
  { name: 'an endpoint that is slow', seconds: 60, bytesPerSecond: 0, awaited: false, soon: false, slow: false },
]
for (const { name, seconds, bytesPerSecond, awaited = true, soon, slow } of cases) {
  t.test(`${name}: slow ${slow ? 'by both counts' : soon ? 'by the short count' : 'by no count'}`, async t => {
    const pace = new ClientPace(1000, 0)
    look(pace, 1000, seconds, bytesPerSecond, awaited)
    t.equal(pace.leftMs <= 0, soon)
    t.equal(pace.isSlow, slow)
  })
}

t.test('what was moved long ago does not count', async t => {
  const pace = new ClientPace(0, 0)
  pace.advance(250, 1e9, true)
  for (let i = 2; i <= 42; i++) pace.advance(i * 250, 1e9, true)
  t.equal(pace.isSlow, true)
})

t.test('who goes on is soon no longer slow', async t => {
  const pace = new ClientPace(0, 0)
  look(pace, 0, 3600, 0)
  t.equal(pace.isSlow, true)
  pace.advance(3_600_250, 2 * 1024 * 1024, true)
  t.equal(pace.isSlow, false)
})

t.test('a client that was told to send its content has a second', async t => {
  const pace = ClientPace.ofFirstContent(0)
  look(pace, 0, 0.75, 0)
  t.equal(pace.isSlow, false)
  pace.advance(1000, 0, true)
  t.equal(pace.isSlow, true)
})

t.test('a look that comes late is not the fault of the client', async t => {
  const pace = new ClientPace(0, 0)
  pace.advance(60_000, 0, true)
  t.equal(pace.isSlow, false)
  t.ok(pace.leftMs > 0)
})
