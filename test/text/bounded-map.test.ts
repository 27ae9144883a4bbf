import t from 'tap'
import { BoundedMap } from '../../src/text/bounded-map.ts'

t.test('a full map that refuses keeps what came first', async t => {
  const map = new BoundedMap<number>(2, 'refuse')
  t.strictSame([map.set('a', 1), map.set('b', 2), map.set('c', 3), map.set('a', 4)], [true, true, false, true])
  t.strictSame([map.get('a'), map.get('b'), map.get('c'), map.size], [4, 2, undefined, 2])
})

t.test('a full map that restarts forgets all', async t => {
  const map = new BoundedMap<number>(2, 'restart')
  t.strictSame([map.set('a', 1), map.set('b', 2), map.set('b', 3), map.set('c', 4)], [true, true, true, true])
  t.strictSame([map.get('a'), map.get('b'), map.get('c'), map.size], [undefined, undefined, 4, 1])
})
