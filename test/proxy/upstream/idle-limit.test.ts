import t from 'tap'
import { IdleLimit } from '../../../src/proxy/upstream/idle-limit.ts'

const untold = Number.POSITIVE_INFINITY

/** What was seen, each at its time in seconds; then what is certain, in milliseconds. */
const cases: readonly {
  readonly name: string
  readonly seen: readonly (readonly [atS: number, what: 'survived' | 'ended', idleMs: number])[]
  readonly told?: number
  readonly atS?: number
  readonly certainMs: number
}[] = [
  { name: 'nothing: half a second, since limits are whole seconds', seen: [], certainMs: 500 },
  { name: 'what the endpoint says of itself', seen: [], told: 4000, certainMs: 4000 },
  { name: 'a connection that carried a request: one second less', seen: [[0, 'survived', 30_000]], certainMs: 29_000 },
  {
    name: 'the longest of them',
    seen: [
      [0, 'survived', 30_000],
      [1, 'survived', 20_000],
    ],
    certainMs: 29_000,
  },
  {
    name: 'a connection that it ended: one second less, whatever carried a request before',
    seen: [
      [0, 'survived', 30_000],
      [1, 'ended', 15_000],
    ],
    atS: 1,
    certainMs: 14_000,
  },
  { name: 'an end counts against its own word, too', seen: [[0, 'ended', 5000]], told: 59_000, certainMs: 4000 },
  {
    name: 'of a limit of one second, half of it',
    seen: [
      [0, 'survived', 10_000],
      [0, 'ended', 1000],
    ],
    certainMs: 500,
  },
  { name: 'an end within a second: nothing is certain', seen: [[0, 'ended', 900]], told: 59_000, certainMs: 0 },
  {
    name: 'the shortest of ends',
    seen: [
      [0, 'ended', 5000],
      [0, 'ended', 60_000],
    ],
    told: 59_000,
    certainMs: 4000,
  },
  { name: 'an end is forgotten slowly', seen: [[0, 'ended', 5000]], told: 59_000, atS: 60, certainMs: 19_000 },
  { name: 'even one at once', seen: [[0, 'ended', 0]], atS: 90, certainMs: 0 },
  { name: 'in two minutes', seen: [[0, 'ended', 0]], atS: 120, certainMs: 500 },
  {
    name: 'what was forgotten in part is learned anew',
    seen: [
      [0, 'ended', 5000],
      [60, 'ended', 15_000],
    ],
    told: 59_000,
    atS: 60,
    certainMs: 14_000,
  },
]
for (const { name, seen, told = untold, atS = 0, certainMs } of cases) {
  t.test(name, async t => {
    const limit = new IdleLimit()
    for (const [at, what, idleMs] of seen) {
      if (what === 'survived') limit.survived(idleMs)
      else limit.ended(idleMs, at * 1000)
    }
    t.equal(limit.certainMs(atS * 1000, told), certainMs)
  })
}
