import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { parseSnapshot } from '../../src/config/load-configuration.ts'
import { packResult } from '../../src/config/packed-result.ts'
import { contentOf } from '../fixtures/parsed-text.ts'

t.test('a worker answers once, with faults and wanted files as plain data', async t => {
  const source = { file: 'a.yaml', environment: { S3CORS_LISTN: 'x' }, flags: {} }
  const snapshot = new Map([['a.yaml', contentOf('upstream: 1\nbuckets: { abc: { CORSFile: b.json } }\n')]])
  const worker = new Worker(new URL('../../dist/config/parse-worker.js', import.meta.url), {
    workerData: { source, snapshot },
  })
  const messages: unknown[] = []
  worker.on('message', message => messages.push(message))
  await once(worker, 'exit')
  t.strictSame(messages, [packResult(parseSnapshot(source, snapshot))])
})
