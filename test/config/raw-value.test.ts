import t from 'tap'
import { child, isMapping } from '../../src/config/raw-value.ts'

t.test('a value is found by its path, and nothing is found where the data ends', async t => {
  const data = { a: [{ b: 1 }], c: null, d: 'text' }
  t.equal(child(data, ['a', 0, 'b']), 1)
  t.equal(child(data, []), data)
  for (const path of [['a', 1], ['c', 'x'], ['d', 'length'], ['d', 0], ['toString'], ['__proto__'], ['a', 'map']]) {
    t.equal(child(data, path), undefined, path.join('.'))
  }
})

t.test('a mapping is neither a list nor null', async t => {
  t.strictSame([{}, Object.create(null), [], null, 'a', undefined].map(isMapping), [
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})
