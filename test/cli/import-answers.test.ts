// Files of CORS rules as people have them, and what they are told of each: test/fixtures/cors-files/answers.txt.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { importFiles } from '../../src/cli/commands/import.ts'
import { describeIssue } from '../../src/config/issue.ts'
import { parseText, upstreamLine } from '../fixtures/parsed-text.ts'
import { recordTerminal } from '../fixtures/terminal.ts'

const folder = fileURLToPath(new URL('../fixtures/cors-files', import.meta.url))
const names = readdirSync(folder).filter(name => name !== 'answers.txt')

const answers = new Map(
  readFileSync(join(folder, 'answers.txt'), 'utf8')
    .split(/^(?=== )/m)
    .map((part): [string, string] => [/^== (\S+)/.exec(part)?.[1] ?? '', part]),
)

async function importOne(name: string): Promise<{ code: number; err: string; out: string }> {
  const terminal = recordTerminal()
  const file = join(folder, name)
  const given = {
    texts: { bucket: 'my-media' },
    lists: {},
    switches: new Set<string>(),
    settings: {},
    operands: [file],
  }
  const code = await importFiles.run(given, terminal)
  const { err, out } = terminal.written
  return { code, err: err.replaceAll(file, name), out }
}

for (const name of names) {
  t.test(`${name} is read, or its user led, as written down`, async t => {
    const { code, err, out } = await importOne(name)
    t.equal(`== ${name} exit ${code}\n${err}${out}`, answers.get(name))
    if (code === 0) {
      const { issues, configuration } = parseText(upstreamLine + out)
      t.not(configuration, undefined, `a configuration takes the result: ${issues.map(({ message }) => message)}`)
    }
  })

  t.test(`CORSFile: ${name} says the same`, async t => {
    const { err } = await importOne(name)
    const files = { 'config/cors': new Uint8Array(readFileSync(join(folder, name))) }
    const { issues } = parseText(`${upstreamLine}buckets: { my-media: { CORSFile: cors } }\n`, { files })
    const said = issues.filter(({ file }) => file === 'config/cors')
    const words = (line: string) => line.replace(/^[^ ]+: (?:warning: )?(?:[\w.[\]-]*CORSRules[\w.[\]-]*: )?/, '')
    const expected = err.split('\n').slice(0, -1)
    t.same(said.map(issue => words(describeIssue(issue))).sort(), expected.map(words).sort())
  })
}

t.test('every answer that is written down is of a file', async t => {
  t.same([...answers.keys()].filter(name => name !== '').sort(), names.toSorted())
})
