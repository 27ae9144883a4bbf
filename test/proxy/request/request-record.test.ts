import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { beginRequest, endRequest, newRecord, type RequestCounting } from '../../../src/proxy/request/request-record.ts'

t.test('a record begins with what is known, and nothing made up', async t => {
  const { method, target, peerAddress, startedAtMs, ...rest } = newRecord('GET', '/media/key', '192.0.2.1', 5)
  t.strictSame(
    { method, target, peerAddress, startedAtMs },
    {
      method: 'GET',
      target: '/media/key',
      peerAddress: '192.0.2.1',
      startedAtMs: 5,
    },
  )
  t.equal(rest.kind, 'plain')
  t.equal(rest.enforcement, 'headers')
  const others = Object.entries(rest).filter(([name]) => name !== 'kind' && name !== 'enforcement')
  for (const [name, value] of others) t.ok(value === undefined || value === 0 || value === false, name)
})

t.test('a request that could not be read has no method and no target', async t => {
  t.match(newRecord(undefined, undefined, undefined, 0), { method: '', target: '' })
})

t.test('the proxy writes the decision into the record, and reads it nowhere', async t => {
  const folder = new URL('../../../src/proxy/', import.meta.url)
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.ts')) continue
    const code = await readFile(new URL(name, folder), 'utf8')
    const reads = code.match(/record\.decision\b(?! = )|\{[^{}]*\bdecision\b[^{}]*\} = (?:\w+\.)*record\b/g)
    t.equal(reads, null, `${name} takes a decision as an argument`)
  }
})

t.test('a request is in flight from its beginning to its first end, and counted once', async t => {
  const heard: unknown[] = []
  let nowMs = 5
  const counting: RequestCounting = {
    observer: { started: () => heard.push('started'), ended: record => heard.push(record), warned: () => undefined },
    now: () => nowMs,
  }
  const record = beginRequest(counting, 'GET', '/media/key', '192.0.2.1')
  t.strictSame(record, newRecord('GET', '/media/key', '192.0.2.1', 5))
  nowMs = 7
  endRequest(counting, record)
  nowMs = 9
  endRequest(counting, record)
  t.strictSame(heard, ['started', { ...newRecord('GET', '/media/key', '192.0.2.1', 5), endedAtMs: 7 }])
})
