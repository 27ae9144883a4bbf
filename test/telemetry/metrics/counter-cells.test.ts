import t from 'tap'
import {
  add,
  addCells,
  type CountedMetric,
  cellsPerSet,
  countedFamily,
  createCells,
  durationBounds,
  observe,
  perBucket,
} from '../../../src/telemetry/metrics/counter-cells.ts'
import { each, type HistogramSample } from '../../../src/telemetry/metrics/metric-family.ts'

const closed: CountedMetric = {
  name: 'a_total',
  help: 'A.',
  type: 'counter',
  by: [each('x', ['1', '2', '3']), each('y', ['p', 'q'])],
  shown: 'always',
}
const byBucket: CountedMetric = { ...closed, by: [perBucket, ...closed.by], shown: 'counted' }
const durations: CountedMetric = { ...closed, name: 'a_seconds', type: 'histogram', by: [each('x', ['1', '2'])] }

const cases: { name: string; value: number; index: number; sum: number }[] = [
  { name: 'below the first bound', value: 0.0001, index: 0, sum: 0.0001 },
  { name: 'on a bound, which is inclusive', value: 0.001, index: 1, sum: 0.001 },
  { name: 'between bounds', value: 1.5, index: 11, sum: 1.5 },
  { name: 'above every bound', value: 121, index: 16, sum: 121 },
  { name: 'below zero, as a stepped clock makes it', value: -1, index: 0, sum: 0 },
  { name: 'not a number', value: Number.NaN, index: 0, sum: 0 },
  { name: 'infinite', value: Number.POSITIVE_INFINITY, index: 0, sum: 0 },
]
for (const { name, value, index, sum } of cases) {
  t.test(`a value ${name} is counted once, in its own label set`, async t => {
    const cells = createCells(durations)
    observe(cells, 1, value)
    const [first, second] = countedFamily(durations, cells, []).samples() as HistogramSample[]
    t.ok(Array.from(first?.counts ?? [1]).every(count => count === 0))
    t.strictSame(
      Array.from(second?.counts ?? []),
      [...durationBounds, 'more'].map((_, at) => (at === index ? 1 : 0)),
    )
    t.strictSame([first?.sum, second?.sum], [0, sum])
  })
}

t.test('the bounds of durations rise', async t => {
  t.strictSame(
    [...durationBounds].sort((a, b) => a - b),
    [...durationBounds],
  )
})

t.test('each label set has a cell of its own, the last axis running fastest', async t => {
  const cells = createCells(closed)
  for (let cell = 0; cell < cellsPerSet(closed); cell++) add(cells, cell, cell)
  t.strictSame(countedFamily(closed, cells, []).samples(), [
    { labels: { x: '1', y: 'p' }, value: 0 },
    { labels: { x: '1', y: 'q' }, value: 1 },
    { labels: { x: '2', y: 'p' }, value: 2 },
    { labels: { x: '2', y: 'q' }, value: 3 },
    { labels: { x: '3', y: 'p' }, value: 4 },
    { labels: { x: '3', y: 'q' }, value: 5 },
  ])
})

t.test('what another process counted is added under the number that its bucket has here', async t => {
  const [into, from] = [createCells(byBucket), createCells(byBucket)]
  add(into, 6)
  add(from, 6, 2)
  add(from, 13)
  addCells(byBucket, into, from, [0, 1, 3])
  t.strictSame(countedFamily(byBucket, into, ['other', 'a', 'b', 'c']).samples(), [
    { labels: { bucket: 'a', x: '1', y: 'p' }, value: 3 },
    { labels: { bucket: 'c', x: '1', y: 'q' }, value: 1 },
  ])
})
