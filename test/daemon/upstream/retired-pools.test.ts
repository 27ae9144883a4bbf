import t from 'tap'
import { RetiredPools } from '../../../src/daemon/upstream/retired-pools.ts'

/** A pool with as many connections and waiting exchanges as the case says. */
function poolOf(connections: number, queued: number) {
  const size = { connections, idle: 0, queued }
  const pool = { size, swept: 0, sweep: () => pool.swept++ }
  return pool
}

t.test('a pool is swept until nothing of it is left', async t => {
  const retired = new RetiredPools()
  const pool = poolOf(1, 1)
  retired.add(pool)
  for (const [connections, queued, left] of [
    [1, 1, 1],
    [0, 1, 1],
    [1, 0, 1],
    [0, 0, 0],
  ] as const) {
    Object.assign(pool.size, { connections, queued })
    retired.sweep()
    t.equal(retired.size, left, `${connections} connections, ${queued} waiting`)
  }
  retired.sweep()
  t.equal(pool.swept, 4, 'an empty pool is left alone')
})

t.test('a pool that a late request came back to is swept again', async t => {
  const retired = new RetiredPools()
  const pool = poolOf(0, 0)
  retired.add(pool)
  retired.sweep()
  pool.size.connections = 1
  retired.add(pool)
  retired.add(pool)
  t.equal(retired.size, 1)
  retired.sweep()
  t.equal(pool.swept, 2)
  t.equal(retired.size, 1)
})
