import t from 'tap'
import { createConfigurationRecord } from '../../../src/daemon/operator/configuration-record.ts'

t.test('a refusal says since when, over several attempts, and ends with what is accepted', async t => {
  let nowMs = 1000
  const record = createConfigurationRecord('a.yaml', 'one', () => nowMs)
  t.strictSame(record.status(), {
    file: 'a.yaml',
    sha256: 'one',
    sinceMs: 1000,
    changes: [],
    restartRequired: [],
    refused: [],
  })
  nowMs = 2000
  record.refuse('configuration', ['a.yaml:1:1: wrong'])
  nowMs = 3000
  record.refuse('configuration', ['a.yaml:2:1: wrong'])
  record.refuse('certificate', ['tls: mismatch'])
  t.strictSame(record.status().refused, [
    { part: 'configuration', sinceMs: 2000, issues: ['a.yaml:2:1: wrong'] },
    { part: 'certificate', sinceMs: 3000, issues: ['tls: mismatch'] },
  ])
  t.equal(record.status().sinceMs, 1000, 'the first one stays in force')
  nowMs = 4000
  record.accept('two', ['media: removed'], ['listen'])
  t.strictSame(record.status(), {
    file: 'a.yaml',
    sha256: 'two',
    sinceMs: 4000,
    changes: ['media: removed'],
    restartRequired: ['listen'],
    refused: [{ part: 'certificate', sinceMs: 3000, issues: ['tls: mismatch'] }],
  })
  record.clear('certificate')
  t.strictSame(record.status().refused, [])
  record.accept('two', [], [])
  t.strictSame(record.status().changes, ['media: removed'], 'the same file read once more changed nothing')
  record.accept('three', [], [])
  t.strictSame(record.status().changes, [], 'another file that means the same')
})

t.test('thousands of faults, and endless ones, stay short', async t => {
  const record = createConfigurationRecord(undefined, undefined)
  record.refuse(
    'configuration',
    Array.from({ length: 5000 }, (_, at) => `${at} ${'x'.repeat(5000)}`),
  )
  const { issues = [] } = record.status().refused[0] ?? {}
  t.equal(issues.length, 21)
  t.equal(issues.at(-1), 'and 4980 more')
  t.ok(issues.join('').length < 21_000)
})
