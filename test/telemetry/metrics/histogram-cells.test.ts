import t from 'tap'
import { createHistogramCells, durationBounds, observe } from '../../../src/telemetry/metrics/histogram-cells.ts'

const cases: { name: string; value: number; index: number; sum: number }[] = [
  { name: 'below the first bound', value: 0.5, index: 0, sum: 0.5 },
  { name: 'on a bound, which is inclusive', value: 1, index: 0, sum: 1 },
  { name: 'between bounds', value: 1.5, index: 1, sum: 1.5 },
  { name: 'above every bound', value: 3, index: 2, sum: 3 },
  { name: 'below zero, as a stepped clock makes it', value: -1, index: 0, sum: 0 },
  { name: 'not a number', value: Number.NaN, index: 0, sum: 0 },
  { name: 'infinite', value: Number.POSITIVE_INFINITY, index: 0, sum: 0 },
]
for (const { name, value, index, sum } of cases) {
  t.test(`a value ${name}`, async t => {
    const cells = createHistogramCells([1, 2])
    observe(cells, value)
    t.strictSame(
      [...cells.counts],
      [0, 1, 2].map(at => (at === index ? 1 : 0)),
    )
    t.equal(cells.sum, sum)
  })
}

t.test('the bounds of durations rise', async t => {
  t.strictSame(
    [...durationBounds].sort((a, b) => a - b),
    [...durationBounds],
  )
})
