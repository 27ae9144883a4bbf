import t from 'tap'
import { loadConfiguration } from '../../src/config/loading/load-configuration.ts'
import { demoBuckets, demoObjects } from '../../src/demo/demo-objects.ts'
import { demoRequests } from '../../src/demo/demo-request.ts'

t.test('every bucket of the example has something in it', async t => {
  const { parsed } = await loadConfiguration({ file: 'config/example.yaml', environment: {}, flags: {} })
  const named = parsed.configuration?.buckets.map(({ name }) => name).filter(name => name !== '*')
  t.strictSame([...(named ?? [])].sort(), [...demoBuckets].sort())
})

t.test('what the page asks for is there', async t => {
  for (const { bucket, key } of Object.values(demoRequests)) {
    t.ok(
      demoObjects.some(object => object.bucket === bucket && object.key === key),
      `${bucket}/${key}`,
    )
  }
})

t.test('each object is there once, and JSON is JSON', async t => {
  const names = demoObjects.map(({ bucket, key }) => `${bucket}/${key}`)
  t.equal(new Set(names).size, names.length)
  for (const { contentType, body } of demoObjects) {
    if (contentType === 'application/json') t.doesNotThrow(() => JSON.parse(body))
  }
})
