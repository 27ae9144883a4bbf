import t from 'tap'
import { createStorePlace, segmentsOf } from '../../../../src/policies/managed/store/store-place.ts'

const keys: readonly { key: string; prefix?: string; held: boolean }[] = [
  { key: 'cors/media.json', held: true },
  { key: 'CORS/media.json', held: true },
  { key: './cors//media.json', held: true },
  { key: 'cors\\media.json', held: true },
  { key: 'cors', held: true },
  { key: 'a/../cors/media.json', held: true },
  { key: '', held: false },
  { key: 'corsica', held: false },
  { key: 'other/cors/media.json', held: false },
  { key: 'a', prefix: 'a/b/', held: true },
  { key: 'a/', prefix: 'a/b/', held: true },
  { key: 'a/c', prefix: 'a/b/', held: false },
  { key: 'a+b/x', prefix: 'a b/', held: true },
  { key: 'cors-x', prefix: 'cors', held: true },
  { key: 'cors/x', prefix: './cors//', held: true },
  { key: 'anything', prefix: '', held: true },
]
for (const { key, prefix = 'cors/', held } of keys) {
  t.test(`'${key}' is ${held ? '' : 'not '}at '${prefix}'`, async t => {
    t.equal(createStorePlace('private', prefix).holds(key), held)
  })
}

t.test('the bucket is compared without letter case', async t => {
  const { isBucket } = createStorePlace('private', 'cors/')
  t.strictSame(['private', 'Private', 'privat', 'private2'].map(isBucket), [true, true, false, false])
})

t.test('segments are what is between slashes of either kind', async t => {
  t.strictSame(segmentsOf('/a//./b\\c/..'), ['a', 'b', 'c', '..'])
})
