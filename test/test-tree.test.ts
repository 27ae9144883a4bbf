// What holds for every file under test/, so that a test that passes here passes on a slower machine, and leaves nothing behind.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const folder = import.meta.dirname
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && name !== 'test-tree.test.ts' && !name.startsWith('bench/'))
  .map(name => ({ name, text: readFileSync(join(folder, name), 'utf8') }))

const rules: readonly { name: string; isFault: (text: string, name: string) => boolean; except?: readonly string[] }[] =
  [
    {
      name: 'processes are started by fixtures/children.ts, whose children end with the test file',
      isFault: text => /^import \{[^}]*\b(?:spawn|fork|execFile|exec)\b[^}]*\} from 'node:child_process'/m.test(text),
      // What has to outlive its test file; children.ts itself.
      except: ['fixtures/children.ts', 'leftovers.test.ts'],
    },
    {
      name: 'a driver of browsers is used beside fixtures/children.ts',
      isFault: text =>
        /^import \{ (?!type)[^}]*\} from '(?:puppeteer|playwright)-core'/m.test(text) &&
        !/\/(?:children|chromium)\.ts'/.test(text),
    },
    {
      name: 'a wait for what has to happen grows with the machine: patientMs or until of fixtures/patience.ts',
      isFault: text => /\.now\(\) \+ [\d_]{4,}|AbortSignal\.timeout\(\d|\bwait(?:ed)? < \d/.test(text),
      // When a presigned form expires; a clock of the test's own.
      except: ['clients/minio-js.ts', 'policies/upstream/bucket-policies.test.ts'],
    },
    {
      name: 'a file that starts processes says how long it may take, also where it runs by itself',
      isFault: (text, name) =>
        name.endsWith('.test.ts') && startsProcesses.test(text) && !/^t\.setTimeout\(/m.test(text),
    },
  ]
const startsProcesses =
  /\/(?:proxy-process|demo-process|run-cli|children|server-process|upstream-setup|worker-setup|managed-setup)\.ts'/

for (const { name, isFault, except = [] } of rules) {
  t.test(name, async t => {
    const faulty = files.filter(file => isFault(file.text, file.name)).map(file => file.name)
    t.strictSame(
      faulty.filter(file => !except.includes(file)),
      [],
    )
    t.strictSame(
      except.filter(file => !faulty.includes(file)),
      [],
      'every exception is needed',
    )
  })
}

t.test('the top level holds the rooms of the project, and no file that could stand in one', async t => {
  const rooms = ['config', 'deploy', 'findings', 'src', 'test']
  const files = [
    'CHANGELOG.md',
    'Dockerfile',
    'LICENSE',
    'README.md',
    'package-lock.json',
    'package.json',
    'tsconfig.json',
  ]
  const built = ['dist', 'node_modules']
  const names = readdirSync(join(folder, '..')).filter(name => !name.startsWith('.') && !built.includes(name))
  t.strictSame(new Set(names), new Set([...rooms, ...files]))
})
