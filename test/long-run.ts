// Runs every test of one folder for longer than usual: `npm run fuzz -- --minutes 30`, `npm run chaos -- --minutes 10`.
// The minutes are split among the files; `--seed N` repeats a run, `--file WORD` takes only the files with that word.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    file: { type: 'string', default: '' },
  },
})
const [folder = '.'] = positionals
const files = readdirSync(folder).filter(name => name.endsWith('.test.ts') && name.includes(values.file))
const minutes = Number(values.minutes) / files.length
if (!(minutes > 0)) throw new Error('--minutes has to be a number above 0, and --file part of a file name')

const failed: string[] = []
for (const file of files) {
  console.log(`# ${file}, ${minutes.toFixed(2)} minutes`)
  const seed = values.seed === undefined ? {} : { FUZZ_SEED: values.seed }
  const env = { ...process.env, FUZZ_MINUTES: String(minutes), ...seed }
  const { status } = spawnSync(process.execPath, [join(folder, file)], { env, stdio: 'inherit' })
  if (status !== 0) failed.push(file)
}
console.log(failed.length === 0 ? '# nothing found' : `# failed: ${failed.join(', ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
