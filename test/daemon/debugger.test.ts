// No signal opens Node's debugger, in no process of the proxy.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parserFlags } from '../../src/config/loading/parser-process.ts'
import { deployFolder } from '../deploy/tools.ts'
import { fork } from '../fixtures/children.ts'
import { until } from '../fixtures/patience.ts'
import { startProxy } from '../fixtures/proxy-process.ts'

t.setTimeout(300_000)

const configuration =
  'upstream: { url: "http://127.0.0.1:9" }\ndrainSeconds: 1\nbuckets: { media: { from: none, enforcement: report } }'

for (const workers of [1, 2]) {
  t.test(`SIGUSR1 changes nothing for a proxy of ${workers} processes`, async t => {
    const proxy = await startProxy(`${configuration}\nworkers: ${workers}`)
    t.teardown(() => proxy.stop('SIGKILL'))
    const others = [...proxy.logs().matchAll(/"event":"worker_started","worker":\d+,"pid":(\d+)/g)].map(match =>
      Number(match[1]),
    )
    t.equal(others.length, workers === 1 ? 0 : workers)
    for (const pid of [proxy.pid, ...others]) {
      process.kill(pid, 'SIGUSR1')
      await sleep(300)
    }
    t.equal((await fetch(`${proxy.url}/media/key`)).status, 502, 'there is no endpoint, and the proxy says so')
    t.match(proxy.logs(), `"node":"${process.versions.node}"`, 'the log says which Node serves')
    t.equal(await proxy.stop(), 0)
    t.notMatch(proxy.logs(), /debugger/i)
    t.notMatch(proxy.logs(), 'worker_ended')
  })
}

t.test('SIGUSR1 changes nothing for the process that reads a configuration, from its start on', async t => {
  const program = fileURLToPath(new URL('../../dist/config/loading/parser-program.js', import.meta.url))
  const child = fork(program, { execArgv: [...parserFlags], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  t.teardown(() => child.kill('SIGKILL'))
  let told = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    told += text
  })
  // Until it runs Node, the signal would end it as it ends any program: its own listeners come later.
  if (process.platform === 'linux') await until(() => hearsHangup(child.pid ?? 0))
  else await sleep(2000)
  for (let i = 0; i < 5; i++) {
    child.kill('SIGUSR1')
    await sleep(100)
  }
  t.equal(child.exitCode ?? child.signalCode, null)
  t.equal(told, '')
  child.disconnect()
  await once(child, 'exit')
  t.equal(told, '')
})

/** Whether it has a handler for SIGHUP. */
function hearsHangup(pid: number): boolean {
  const caught = /^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '0'
  return Number.parseInt(caught.slice(-1), 16) % 2 === 1
}

t.test('what starts a proxy closes the time before it runs, too', async t => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const commands = [
    scripts.start,
    scripts.serve,
    /^ExecStart=.*$/m.exec(readFileSync(`${deployFolder}/systemd/s3-cors-proxy.service`, 'utf8'))?.[0],
    /^ENTRYPOINT .*$/m.exec(read('Dockerfile'))?.[0],
  ]
  for (const command of commands) t.match(command, /node"?,? "?--disable-sigusr1"?,? /)
  // npm ends the shell that it starts them by: without exec, the program would go on without it.
  for (const command of [scripts.start, scripts.serve]) t.match(command, /^exec /)
})
