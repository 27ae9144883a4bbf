import t from 'tap'
import { IdleLimit } from '../../../src/proxy/upstream/idle-limit.ts'

const untold = Number.POSITIVE_INFINITY

/** What was seen, each at its time in seconds; then what is certain, in milliseconds. */
const cases: readonly {
  readonly name: string
  readonly seen: readonly (readonly [atS: number, what: 'survived' | 'ended' | 'seen', idleMs: number])[]
  readonly told?: number
  readonly atS?: number
  readonly certainMs: number
}[] = [
  { name: 'nothing: ten milliseconds', seen: [], certainMs: 10 },
  {
    name: 'no end in twenty seconds: half a second, since limits are whole seconds',
    seen: [
      [0, 'seen', 19_999],
      [0, 'seen', 1],
    ],
    certainMs: 500,
  },
  { name: 'no end in less', seen: [[0, 'seen', 19_999]], certainMs: 10 },
  { name: 'what the endpoint says of itself', seen: [], told: 4000, certainMs: 4000 },
  { name: 'it does not speak for a firewall on the way', seen: [], told: 59_000, certainMs: 5000 },
  { name: 'nor does it have to, after an answer', seen: [[0, 'survived', 30_000]], told: 59_000, certainMs: 29_000 },
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
      [0, 'survived', 1900],
      [0, 'ended', 1000],
      [0, 'seen', 20_000],
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
  {
    name: 'an end is forgotten slowly',
    seen: [
      [0, 'ended', 5000],
      [60, 'survived', 60_000],
    ],
    told: 59_000,
    atS: 60,
    certainMs: 19_000,
  },
  { name: 'even one at once', seen: [[0, 'ended', 0]], atS: 90, certainMs: 0 },
  {
    name: 'in two minutes',
    seen: [
      [0, 'seen', 20_000],
      [0, 'ended', 0],
    ],
    atS: 120,
    certainMs: 500,
  },
  {
    name: 'what was forgotten in part is learned anew',
    seen: [
      [0, 'ended', 5000],
      [60, 'ended', 15_000],
      [60, 'survived', 60_000],
    ],
    told: 59_000,
    atS: 60,
    certainMs: 14_000,
  },
  {
    name: 'one end much sooner than another: at random, and nothing is certain',
    seen: [
      [0, 'ended', 12_000],
      [3, 'ended', 5000],
    ],
    told: 59_000,
    atS: 62,
    certainMs: 0,
  },
  {
    name: 'or much sooner than an answer',
    seen: [
      [0, 'survived', 12_000],
      [0, 'ended', 5000],
    ],
    atS: 59,
    certainMs: 0,
  },
  {
    name: 'not much sooner: as those that an endpoint looks for now and then',
    seen: [
      [0, 'ended', 90_000],
      [1, 'ended', 60_000],
      [1, 'survived', 55_000],
    ],
    atS: 1,
    certainMs: 54_000,
  },
  {
    name: 'a minute after a restart, what has been seen since',
    seen: [
      [0, 'survived', 50_000],
      [0, 'ended', 20_000],
      [0, 'survived', 50_000],
      [1, 'ended', 20_000],
      [30, 'survived', 10_000],
    ],
    atS: 60,
    certainMs: 19_000,
  },
  {
    name: 'each end at random is believed for twice as long',
    seen: [
      [0, 'survived', 12_000],
      [0, 'ended', 5000],
      [10, 'survived', 12_000],
      [10, 'ended', 5000],
    ],
    atS: 129,
    certainMs: 0,
  },
  {
    name: 'and then forgotten',
    seen: [
      [0, 'survived', 12_000],
      [0, 'ended', 5000],
      [10, 'survived', 12_000],
      [10, 'ended', 5000],
    ],
    atS: 130,
    certainMs: 4000,
  },
]
for (const { name, seen, told = untold, atS = 0, certainMs } of cases) {
  t.test(name, async t => {
    const limit = new IdleLimit()
    for (const [at, what, idleMs] of seen) {
      if (what === 'survived') limit.survived(idleMs)
      else if (what === 'seen') limit.seen(idleMs)
      else limit.ended(idleMs, at * 1000)
    }
    t.equal(limit.certainMs(atS * 1000, told), certainMs)
  })
}
