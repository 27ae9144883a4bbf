import { fork } from 'node:child_process'
import { once } from 'node:events'
import { getPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseSnapshot } from '../../src/config/load-configuration.ts'
import { packResult } from '../../src/config/packed-result.ts'
import { contentOf } from '../fixtures/parsed-text.ts'

const program = fileURLToPath(new URL('../../dist/config/parse-process.js', import.meta.url))
const source = { file: 'a.yaml', environment: { S3CORS_LISTN: 'x' }, flags: {} }
const snapshot = new Map([['a.yaml', contentOf('upstream: 1\nbuckets: { abc: { CORSFile: b.json } }\n')]])

t.test('it answers once, with faults and wanted files as plain data, and ends', async t => {
  const parser = fork(program, { serialization: 'advanced' })
  const messages: unknown[] = []
  parser.on('message', message => messages.push(message))
  parser.send({ source, snapshot })
  const [code, signal] = await once(parser, 'exit')
  t.strictSame(messages, [packResult(parseSnapshot(source, snapshot))])
  t.strictSame([code, signal], [0, null])
})

t.test('it has a smaller share of the processor, and the process that started it has not', async t => {
  const own = getPriority()
  const parser = fork(program, { serialization: 'advanced' })
  t.teardown(() => parser.kill('SIGKILL'))
  for (let waited = 0; waited < 10_000 && getPriority(parser.pid) === own; waited += 10) {
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  t.equal(getPriority(parser.pid), 5)
  t.equal(getPriority(), own)
})

t.test('it ends when the process that started it has gone, and not by the signals of a terminal', async t => {
  const parser = fork(program, { serialization: 'advanced' })
  const ended = once(parser, 'exit')
  for (let waited = 0; waited < 10_000 && getPriority(parser.pid) !== 5; waited += 10) {
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  await new Promise(resolve => setTimeout(resolve, 100))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) parser.kill(signal)
  await new Promise(resolve => setTimeout(resolve, 200))
  t.equal(parser.exitCode, null)
  t.equal(parser.signalCode, null)
  parser.disconnect()
  t.strictSame(await ended, [0, null])
})
