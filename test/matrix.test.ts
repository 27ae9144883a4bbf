// The matrix of test/README.md: what the proxy must survive, and the tests that show it.

import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import t from 'tap'

interface Row {
  readonly sentence: string
  readonly shownBy: readonly string[]
}

/** By section. Rows that no test can show name what does instead. */
function matrix(): ReadonlyMap<string, readonly Row[]> {
  const [, text = ''] = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8').split(/^## What holds.*$/m)
  const sections = new Map<string, readonly Row[]>()
  for (const section of text.split(/^### /m).slice(1)) {
    const [title = '', ...lines] = section.split('\n')
    const rows = lines.filter(line => line.startsWith('| ')).slice(2)
    sections.set(
      title,
      rows.map(line => {
        const [sentence = '', shownBy = ''] = line.slice(2, -2).split(' | ')
        return { sentence, shownBy: shownBy.split(' · ') }
      }),
    )
  }
  return sections
}

/** The text of the test files of each name, whatever their folder. */
function textsByName(): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const file of globSync('**/*.ts', { cwd: import.meta.dirname })) {
    const name = basename(file).replace(/(\.test)?\.ts$/, '')
    texts.set(name, (texts.get(name) ?? '') + readFileSync(join(import.meta.dirname, file), 'utf8'))
  }
  return texts
}

const sections = matrix()
const texts = textsByName()

t.test('every row is shown by tests that exist', async t => {
  t.equal(sections.size, 13)
  for (const [title, rows] of sections) {
    t.ok(rows.length > 0, title)
    for (const { sentence, shownBy } of rows) {
      for (const test of shownBy) {
        const [, file, words] = /^`([\w.-]+)`: (.+)$/.exec(test) ?? []
        if (file === undefined || words === undefined) t.match(test, /^(`npm run versions`|Ceph’s s3-tests by hand)/)
        else t.ok(texts.get(file)?.includes(words), `${sentence}: “${words}” in ${file}`)
      }
    }
    t.comment(`${title}: ${rows.length} rows`)
  }
})

t.test('no row stands twice', async t => {
  const sentences = [...sections.values()].flat().map(({ sentence }) => sentence)
  t.equal(new Set(sentences).size, sentences.length)
})
