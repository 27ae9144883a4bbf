import t from 'tap'
import { parseDocument } from 'yaml'
import { unpaced } from '../../../src/config/pace.ts'
import { parseYamlDocument } from '../../../src/config/text/yaml-document.ts'

const options = { version: '1.2', schema: 'core', stringKeys: true, uniqueKeys: false, strict: true } as const

// The library's own function for one document is what this one stands for, with a stop at every token.
const texts: Readonly<Record<string, string>> = {
  nothing: '',
  'a comment': '# only\n',
  'a scalar': 'a',
  'a mapping': 'a: 1\nb: [x, "y", {z: null}]\nc: |\n  text\n  more\nd:\n  - e\n',
  'an end': 'a: 1\n...\n',
  'two documents': 'a: 1\n---\nb: 2\n',
  'three documents': 'a: 1\n---\nb: 2\n---\nc: 3\n',
  'a second document that is broken': 'a: 1\n---\nb: "2\n',
  'an unknown directive': '%FOO\n---\na: 1\n',
  'a quote that never ends': 'a: "b\n',
  'a list as a key': '? [a]\n: 1\n',
  'a tab as indentation': 'a:\n\tb: 1\n',
  'a bracket too many': 'a: [1]]\n',
  'a key twice': 'a: 1\na: 2\n',
}
for (const [name, text] of Object.entries(texts)) {
  t.test(`${name} is read as the library reads it`, async t => {
    const expected = parseDocument(text, { ...options, prettyErrors: false })
    const { contents, problems } = parseYamlDocument(text, unpaced)
    t.equal(JSON.stringify(contents), JSON.stringify(expected.contents))
    t.strictSame(contents?.range, expected.contents?.range)
    const code = ({ code }: { code: string }) => code
    t.strictSame(problems.map(code), [...expected.errors, ...expected.warnings].map(code))
    const offsets = [...expected.errors, ...expected.warnings].map(({ pos }) => pos[0])
    t.strictSame(
      problems.map(({ offset }) => offset),
      offsets,
    )
  })
}

t.test('whoever sets the pace is asked at every token', async t => {
  let calls = 0
  parseYamlDocument('a: [1, 2]\nb: "x"\n', () => calls++)
  t.ok(calls >= 12, `${calls} calls`)
})
