import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { newRecord } from '../../src/proxy/request/request-record.ts'
import { describeHint, describeRequest } from '../../src/telemetry/log/log-fields.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const section = readFileSync(join(root, 'README.md'), 'utf8').split('\n## Logs\n')[1]?.split('\n## ')[0] ?? ''
const [events = '', fields = ''] = section.split('| field | |')

function named(table: string): ReadonlySet<string> {
  const cells = table.split('\n').map(line => line.split(' | ')[0] ?? '')
  return new Set(
    cells
      .filter(cell => cell.startsWith('|'))
      .flatMap(cell => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)),
  )
}

t.test('the README names every field of a request', async t => {
  const explanation = { nearest: undefined, change: undefined, noChange: 'x' } as Parameters<typeof describeHint>[0]
  const known = [
    ...Object.keys(describeRequest(newRecord('GET', '/', '127.0.0.1', 1))),
    ...Object.keys(describeHint(explanation)),
    'suppressed',
    'explanation',
  ]
  t.strictSame([...named(fields)].sort(), known.sort())
})

t.test('the README names every event', async t => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    name => name.endsWith('.ts') && !name.startsWith('demo') && name !== 'telemetry/log/log.ts',
  )
  const logged = sources.flatMap(name => {
    const text = readFileSync(join(root, 'src', name), 'utf8')
    const calls = /(?:\blog\.(?:info|warn|error|write)|\bwarned)\((?:'\w+', )?'(\w+)'/g
    // What does not go through the logger writes its event itself.
    const lines = /"event":"(\w+)"/g
    return [...text.matchAll(calls), ...text.matchAll(lines)].map(([, event = '']) => event)
  })
  const all = new Set([...logged, 'request_rejected', 'upstream_failed', 'log_lines_lost'])
  t.strictSame([...named(events)].sort(), [...all].sort())
})
