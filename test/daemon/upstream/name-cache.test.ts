import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import t from 'tap'
import { NameCache } from '../../../src/daemon/upstream/name-cache.ts'
import { settled } from '../../fixtures/fake-clock.ts'

const a = { address: '192.0.2.1', family: 4 }
const b = { address: '2001:db8::1', family: 6 }
const c = { address: '192.0.2.2', family: 4 }

/** A name whose addresses and lifetime a test says; `asked` counts the questions. */
function setUp(lifetimeSeconds: number | undefined, ...answers: (readonly LookupAddress[] | undefined)[]) {
  const state = { nowMs: 0, asked: 0 }
  const names = new NameCache({
    resolve: async name => {
      const answer = answers[Math.min(state.asked++, answers.length - 1)]
      if (answer === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })
      return answer
    },
    askLifetime: async () => {
      if (lifetimeSeconds === undefined) throw new Error('unknown')
      return lifetimeSeconds
    },
    now: () => state.nowMs,
  })
  return { names, state }
}

const ask = (lookup: LookupFunction, options: Parameters<LookupFunction>[1] = { all: true }) =>
  new Promise<unknown>(resolve => {
    lookup('s3.example', options, (error, address, family) => {
      if (error !== null) resolve(error.code)
      else resolve(options.all === true ? address : [address, family])
    })
  })

t.test('connections that are opened at once ask once', async t => {
  const { names, state } = setUp(60, [a, b])
  const answers = await Promise.all([ask(names.lookup), ask(names.lookup)])
  t.strictSame(answers, [
    [a, b],
    [a, b],
  ])
  t.equal(state.asked, 1)
})

const lifetimes = [
  { name: 'for as long as the DNS says', seconds: 60, keptMs: 60_000 },
  { name: 'for at most five minutes', seconds: 86_400, keptMs: 300_000 },
  { name: 'not at all, where the DNS says so', seconds: 0, keptMs: 0 },
  { name: 'ten seconds, where the DNS does not know the name', seconds: undefined, keptMs: 10_000 },
]
for (const { name, seconds, keptMs } of lifetimes) {
  t.test(`addresses are kept ${name}`, async t => {
    const { names, state } = setUp(seconds, [a], [c])
    await ask(names.lookup)
    await settled()
    if (keptMs > 0) {
      state.nowMs = keptMs - 1
      t.strictSame(await ask(names.lookup), [a])
    }
    state.nowMs = keptMs
    t.strictSame(await ask(names.lookup), [c])
  })
}

t.test('while the name cannot be resolved, the last addresses are used', async t => {
  const { names, state } = setUp(1, [a], undefined)
  await ask(names.lookup)
  state.nowMs = 100_000
  t.strictSame(await ask(names.lookup), [a])
  t.equal(state.asked, 2)
})

t.test('a name that was never resolved is an error, and is asked for again', async t => {
  const { names, state } = setUp(1, undefined, [a])
  t.equal(await ask(names.lookup), 'ENOTFOUND')
  t.strictSame(await ask(names.lookup), [a])
  t.equal(state.asked, 2)
})

t.test('one family, or one address', async t => {
  const { names } = setUp(60, [a, b, c])
  t.strictSame(await ask(names.lookup, { all: true, family: 4 }), [a, c])
  t.strictSame(await ask(names.lookup, { family: 6 }), [b.address, 6])
  t.strictSame(await ask(names.lookup, {}), [a.address, 4])
  const { names: others } = setUp(60, [a])
  t.equal(await ask(others.lookup, { family: 6 }), 'ENOTFOUND')
})

t.test('an address that did not answer is tried last', async t => {
  const { names } = setUp(60, [a, b, c])
  await ask(names.lookup)
  names.onFailed(a.address)
  t.strictSame(await ask(names.lookup), [b, c, a])
  names.onFailed('192.0.2.99')
  t.strictSame(await ask(names.lookup), [b, c, a])
})
