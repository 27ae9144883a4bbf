import t from 'tap'
import { readHcl } from '../../../src/config/cors-files/hcl-text.ts'

// `{` after `$` by itself: the linter takes the two in a text for a template.
const brace = '{'
const plain = (value: unknown) => JSON.parse(JSON.stringify(value) ?? 'null')

const read: readonly { name: string; text: string; value: unknown; expressions?: readonly string[] }[] = [
  {
    name: 'attributes of every kind',
    text: 'a = "x"\nb = 5\nc = true\nd = null\ne = ["p", "q",]\nf = { g = 1, "h" : "i" }\n',
    value: { a: 'x', b: 5, c: true, d: null, e: ['p', 'q'], f: { g: 1, h: 'i' } },
  },
  {
    name: 'blocks under their type and labels, each time they stand there',
    text: 'r "s" t { a = 1 }\nr "s" "t" { a = 2 }\nr "s" u {}\n',
    value: { r: { s: { t: [{ a: 1 }, { a: 2 }], u: [{}] } } },
  },
  {
    name: 'comments of three kinds',
    text: '# a\n// b\n/* c\n */ a = [ # d\n 1, /* e */ 2 // f\n]\n',
    value: { a: [1, 2] },
  },
  { name: 'escapes', text: `a = "\\"\\\\\\u00e9 $$${brace}b}"\n`, value: { a: `"\\é $${brace}b}` } },
  {
    name: 'references, functions and texts with expressions are passed over',
    text: `a = var.b\nc = [x.y, concat(["]"], "}")]\nd = "e$${brace}f["g"]}h"\ni = 1 + 2\nj = 7\n`,
    value: { c: [null, null], j: 7 },
    expressions: ['a: var.b', 'c.0: x.y', 'c.1: concat(["]"], "}")', `d: "e$${brace}f["g"]}h"`, 'i: 1 + 2'],
  },
  {
    name: 'loops and texts over several lines',
    text: 'a = { for k, v in b : k => v }\nc = [for x in y : x]\nd = <<-EOT\n } ] "\n  EOT\ne = 1\n',
    value: { c: [null], e: 1 },
    expressions: ['a: { for k, v in b : k => v }', 'c.0: for x in y : x', 'd: <<-EOT\n } ] "\n  EOT'],
  },
]
for (const { name, text, value, expressions = [] } of read) {
  t.test(`${name}`, async t => {
    const document = readHcl(text)
    t.same(document.faults, [])
    t.same(plain(document.value), value)
    t.same(
      document.expressions.map(({ path, text: found }) => `${path.join('.')}: ${found}`),
      expressions,
    )
  })
}

const faulty: readonly { name: string; text: string; fault: string }[] = [
  { name: 'a list that does not end', text: 'a = ["b"\n', fault: '2:1 the text ends within brackets; allowed: "]"' },
  { name: 'a block that does not end', text: 'a {\n b = 1\n', fault: '3:1 the text ends within a block; allowed: "}"' },
  { name: 'a text that does not end', text: 'a = "b\n', fault: '2:1 a text in double quotes does not end; allowed: "' },
  { name: 'a comment that does not end', text: 'a = 1 /* b\n', fault: '1:7 a comment does not end; allowed: "*/"' },
  {
    name: 'a text after << that does not end',
    text: 'a = <<E\nb\n',
    fault: '1:5 a text after << does not end; allowed: E',
  },
  { name: 'what is no name', text: 'a = 1\n}\n', fault: '2:1 "}" stands here; allowed: NAME = VALUE or NAME { … }' },
  { name: 'a name alone', text: 'a\n', fault: '1:2 "\\n" stands here; allowed: "=", a label or "{"' },
  { name: 'a name twice', text: 'a = 1\na = 2\n', fault: '2:1 a stands twice; allowed: each name once' },
  {
    name: 'blocks in blocks without an end',
    text: 'a {\n'.repeat(100),
    fault: '32:4 the values nest too deep; allowed: at most 32 brackets',
  },
  {
    name: 'labels without an end',
    text: `${'a '.repeat(100)}{}`,
    fault: '1:18 the block has too many labels; allowed: at most 8',
  },
]
for (const { name, text, fault } of faulty) {
  t.test(`${name} is a fault with its place`, async t => {
    const { value, faults } = readHcl(text)
    t.equal(value, undefined)
    t.same(
      faults.map(({ line, column, message, allowed }) => `${line}:${column} ${message}; allowed: ${allowed}`),
      [fault],
    )
  })
}

t.test('what nests without an end, or is an expression without one, costs no more than its length', async t => {
  for (const text of [`a = ${'['.repeat(100_000)}`, `a = ${'"${'.repeat(100_000)}`, `a = ${'b('.repeat(100_000)}`]) {
    const { value, faults } = readHcl(text)
    t.equal(value, undefined)
    t.equal(faults.length, 1)
  }
})
