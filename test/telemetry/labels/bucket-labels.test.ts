import t from 'tap'
import { createBucketLabels } from '../../../src/telemetry/labels/bucket-labels.ts'

t.test('a bucket that the configuration names has a label of its own', async t => {
  const labels = createBucketLabels()
  t.equal(labels.index('media', true), 1)
  t.equal(labels.index('archive', true), 2)
  t.equal(labels.index('media', true), 1)
  t.strictSame(labels.names, ['other', 'media', 'archive'])
})

t.test('a bucket that only a client names is other, and so is none', async t => {
  const labels = createBucketLabels()
  t.equal(labels.index('guess', false), 0)
  t.equal(labels.index(undefined, false), 0)
  t.strictSame(labels.names, ['other'])
})

t.test('a bucket called other shares that label', async t => {
  t.equal(createBucketLabels().index('other', true), 0)
})

t.test('what reloads add up to is bounded', async t => {
  const labels = createBucketLabels(2)
  t.equal(labels.index('a', true), 1)
  t.equal(labels.index('b', true), 0)
  t.equal(labels.index('a', true), 1)
})
