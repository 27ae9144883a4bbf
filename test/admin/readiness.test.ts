import t from 'tap'
import { createReadiness } from '../../src/admin/readiness.ts'

function create(unasked: string[] = []) {
  let nowMs = 1000
  let configured = true
  const readiness = createReadiness({ unasked: () => unasked, configured: () => configured, now: () => nowMs })
  return {
    readiness,
    pass: (ms: number) => {
      nowMs += ms
    },
    configure: (is: boolean) => {
      configured = is
    },
  }
}

t.test('it is ready once it listens', async t => {
  const { readiness } = create()
  t.strictSame(readiness.notReady(), ['listening'])
  readiness.setListening()
  t.strictSame(readiness.notReady(), [])
})

t.test('a configuration must be in force', async t => {
  const { readiness, configure } = create()
  readiness.setListening()
  configure(false)
  t.strictSame(readiness.notReady(), ['configuration'])
})

t.test('first answers are waited for by name, ten seconds at most', async t => {
  const unasked = ['media', 'uploads']
  const { readiness, pass } = create(unasked)
  readiness.setListening()
  t.strictSame(readiness.notReady(), ['rules of media', 'rules of uploads'])
  unasked.shift()
  t.strictSame(readiness.notReady(), ['rules of uploads'])
  pass(9999)
  t.strictSame(readiness.notReady(), ['rules of uploads'])
  pass(1)
  t.strictSame(readiness.notReady(), [])
})

t.test('how the endpoint reads names is waited for, ten seconds at most', async t => {
  let nowMs = 0
  let asked = false
  const readiness = createReadiness({ unasked: () => [], namesAsked: () => asked, now: () => nowMs })
  readiness.setListening()
  t.strictSame(readiness.notReady(), ['names of the endpoint'])
  asked = true
  t.strictSame(readiness.notReady(), [])
  asked = false
  nowMs = 10_000
  t.strictSame(readiness.notReady(), [])
})

t.test('draining is never ready again', async t => {
  const { readiness } = create()
  readiness.setListening()
  readiness.setDraining()
  t.strictSame(readiness.notReady(), ['draining'])
})

t.test('the clock is the process its own unless given', async t => {
  t.strictSame(createReadiness({ unasked: () => ['a'] }).notReady(), ['listening', 'rules of a'])
})
