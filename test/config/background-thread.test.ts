import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { getPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import t from 'tap'

const module = new URL('../../src/config/background-thread.ts', import.meta.url).href
const code = `
  const { runInBackground } = await import(${JSON.stringify(module)})
  const { readFileSync } = await import('node:fs')
  const { parentPort } = await import('node:worker_threads')
  const nice = () => Number(readFileSync('/proc/thread-self/stat', 'latin1').split(') ')[1].split(' ')[16])
  const before = nice()
  runInBackground()
  parentPort.postMessage([before, nice()])
`

const skip = existsSync('/proc/thread-self/stat') ? false : 'there is no /proc: needs Linux'

t.test('the thread that asks has a smaller share, and no other thread', { skip }, async t => {
  const own = getPriority()
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`))
  const [[before, after]] = await once(worker, 'message')
  t.equal(before, own)
  t.equal(after, 5)
  t.equal(getPriority(), own)
})
