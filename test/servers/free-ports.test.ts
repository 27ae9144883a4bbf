import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { spawn } from '../fixtures/children.ts'
import { freePorts } from './free-ports.ts'

t.setTimeout(300_000)

t.test('processes beside each other get different ports, and leave no file', async t => {
  const file = JSON.stringify(join(import.meta.dirname, 'free-ports.ts'))
  const program = `const { freePorts } = await import(${file}); console.log(JSON.stringify(await freePorts(20, 0))); process.stdin.resume()`
  const folder = t.testdir()
  const others = [1, 2].map(() =>
    spawn(process.execPath, ['--input-type=module', '--eval', program], {
      env: { TMPDIR: folder },
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  )
  const given = await Promise.all(others.map(async ({ stdout }) => JSON.parse(await firstLine(stdout)) as number[]))
  const ports = [...given.flat(), ...(await freePorts(20, 0))]
  t.equal(new Set(ports).size, ports.length)
  t.strictSame(readdirSync(folder), [])

  others[0]?.kill('SIGKILL')
  if (others[0] !== undefined) await once(others[0], 'exit')
  const again = await freePorts(20, 0)
  t.ok(
    again.every(port => given[0]?.includes(port)),
    'those of a process that was killed are free again',
  )
  others[1]?.stdin.end()
})

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const bytes of stream) {
    text += String(bytes)
    if (text.includes('\n')) break
  }
  return text
}
