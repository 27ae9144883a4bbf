import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { generated } from '../../deploy/generate.ts'
import { settings } from '../../src/config/schema/settings.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

for (const [path, content] of generated()) {
  t.test(`${path} is current`, async t => {
    t.ok(readFileSync(`${root}${path}`, 'utf8') === content, 'as `npm run generate` writes it')
  })
}

t.test('config/README.md lists every option', async t => {
  const text = readFileSync(`${root}config/README.md`, 'utf8')
  for (const { path, variable } of settings()) {
    t.ok(text.includes(`| \`${path.join('.')}\` |`), path.join('.'))
    t.ok(text.includes(`\`${variable}\``), variable)
  }
})
