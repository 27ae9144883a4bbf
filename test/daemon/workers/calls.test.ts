import t from 'tap'
import { type CallMessage, createCalls } from '../../../src/daemon/workers/calls.ts'

interface Operations {
  double(value: number): Promise<number>
  fail(nothing: undefined): Promise<never>
  stay(nothing: undefined): Promise<never>
}

const operations: Operations = {
  double: async value => {
    // The later call has its answer first.
    await new Promise(resolve => setTimeout(resolve, 20 - value))
    return 2 * value
  },
  fail: () => Promise.reject(Object.assign(new Error('there is none'), { code: 'ENOENT' })),
  stay: () => new Promise(() => {}),
}

function connect() {
  const listeners: ((message: CallMessage) => void)[] = []
  const sent: CallMessage[] = []
  const channel = (own: 0 | 1) => ({
    send(message: CallMessage) {
      sent.push(message)
      queueMicrotask(() => listeners[1 - own]?.(structuredClone(message)))
    },
    onMessage(listener: (message: CallMessage) => void) {
      listeners[own] = listener
    },
  })
  const one = createCalls<Operations, object>(channel(0), {})
  const other = createCalls<object, Operations>(channel(1), operations)
  return { one, other, sent }
}

t.test('each result reaches its call, in whatever order they come', async t => {
  const { one } = connect()
  t.strictSame(await Promise.all([one.call('double', 1), one.call('double', 15)]), [2, 30])
})

t.test('a failure comes with its message and its code', async t => {
  const { one } = connect()
  await t.rejects(one.call('fail', undefined), { message: 'there is none', code: 'ENOENT' })
})

t.test('what is not answered in time, or not any more, is not waited for', async t => {
  const { one, sent } = connect()
  await t.rejects(one.call('stay', undefined, 5), { message: 'no answer to "stay" within 5 ms' })
  const waiting = one.call('stay', undefined)
  one.close(new Error('the process ended'))
  await t.rejects(waiting, { message: 'the process ended' })
  t.strictSame(
    sent.map(({ id }) => id),
    [1, 2],
  )
})

t.test('a result that comes too late is for no call', async t => {
  const { one } = connect()
  await t.rejects(one.call('double', 1, 1))
  t.equal(await one.call('double', 10), 20)
})
