import t from 'tap'
import { configurationShare } from '../../../src/daemon/workers/configuration-share.ts'
import { parseText } from '../../fixtures/parsed-text.ts'

const cases = [
  { name: 'shares add up to the whole', workers: 3, connections: 10, upstream: 7, queue: 4 },
  { name: 'every worker has at least one', workers: 4, connections: 2, upstream: 1, queue: 1, least: true },
  { name: 'no queue stays none', workers: 2, connections: 10, upstream: 7, queue: 0 },
]

for (const { name, workers, connections, upstream, queue, least } of cases) {
  t.test(name, async t => {
    const { configuration } = parseText(
      `upstream: { url: "http://127.0.0.1:9", connections: ${upstream}, queue: ${queue} }\nworkers: ${workers}\nlimits: { connections: ${connections} }\n`,
    )
    if (configuration === undefined) throw new Error('the configuration has faults')
    const shares = Array.from({ length: workers }, (_, slot) => configurationShare(configuration, slot))
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
    for (const [total, parts] of [
      [connections, shares.map(share => share.limits.connections)],
      [upstream, shares.map(share => share.upstream.connections)],
      [queue, shares.map(share => share.upstream.queue)],
    ] as const) {
      if (least)
        t.strictSame(
          parts,
          parts.map(() => 1),
        )
      else {
        t.equal(sum(parts), total)
        t.ok(Math.max(...parts) - Math.min(...parts) <= 1)
      }
    }
    t.equal(shares[0]?.upstream.url, configuration.upstream.url)
  })
}
