// The pages of deploy/migrating about rules of others: the file that each shows becomes the YAML that it shows, with the lines beside it.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root, snippets } from '../docs/snippets.ts'
import { runCli } from '../fixtures/run-cli.ts'

t.setTimeout(300_000)

const pages = readdirSync(join(root, 'deploy/migrating')).filter(page => page.startsWith('from-'))

/** What the page calls `my-media.EXTENSION`, and its blocks. */
const shown = pages.flatMap(page => {
  const blocks = snippets().filter(({ file }) => file === `deploy/migrating/${page}`)
  const file = blocks.find(({ language, text }) => language === 'text' && /^(?:[[{<]|resource |Resources:)/.test(text))
  return file === undefined ? [] : [{ page, file: file.text, blocks }]
})

t.ok(shown.length >= 7, 'there is a page for each')

for (const { page, file, blocks } of shown) {
  t.test(`${page}: the file becomes the YAML`, async t => {
    const name = /^[[{]/.test(file) ? 'my-media.json' : file.startsWith('resource') ? 'my-media.tf' : 'my-media.yaml'
    const { code, out, err } = await runCli(['import', name], {}, t.testdir({ [name]: file }))
    t.equal(code, 0)
    t.equal(out, blocks.find(({ language }) => language === 'yaml')?.text)
    t.equal(err, blocks.find(({ text }) => text.startsWith(`${name}:`))?.text ?? '')
  })
}
