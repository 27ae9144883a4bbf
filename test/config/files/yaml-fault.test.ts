import t from 'tap'
import { describeErrors } from '../../../src/config/files/yaml-fault.ts'
import { readYaml } from '../../../src/config/files/yaml-text.ts'

const cases: readonly { name: string; text: string; faults: readonly string[] }[] = [
  {
    name: 'a tab as indentation',
    text: 'a:\n\tb: 1\n',
    faults: ['2:1 a tab indents this line: b: 1; allowed: spaces'],
  },
  {
    name: 'a tab before an item',
    text: 'a:\n  - x\n\t- y\n',
    faults: ['3:1 a tab indents this line: - y; allowed: spaces'],
  },
  {
    name: 'a key too far to the left',
    text: 'buckets:\n  my-media:\n    a: 1\n   b: 2\n',
    faults: [
      '4:4 this line is indented otherwise than the keys beside it: b: 2; allowed: the same spaces before all keys of one mapping',
    ],
  },
  {
    name: 'a key below a value',
    text: 'a: 1\n  b: 2\n',
    faults: [
      '2:3 this line is indented more than the one before, which has a value already: b: 2; allowed: the same spaces before all keys of one mapping',
    ],
  },
  {
    name: 'an item too far to the left',
    text: 'a:\n  - x\n - y\n',
    faults: [
      '3:1 this item of a list stands among keys, or is indented otherwise than the items before it: - y; allowed: the same spaces before all items of one list',
    ],
  },
  {
    name: 'a first line that is indented',
    text: ' a: 1\nb: 2\n',
    faults: [
      '2:1 this line is indented less than the first one: b: 2; allowed: the same spaces before all keys of one mapping',
    ],
  },
  {
    name: 'a key without a colon',
    text: 'hosts\nb: 1\n',
    faults: ['1:1 ":" is missing in this line: hosts; allowed: "KEY: VALUE", with ":" and a blank after the key'],
  },
  {
    name: 'a key without a colon at the end',
    text: 'a: 1\nbuckets\n',
    faults: ['2:1 ":" is missing after this key: buckets; allowed: "KEY: VALUE", with ":" and a blank after the key'],
  },
  {
    name: 'no blank after a colon',
    text: 'a:1\nb: 2\n',
    faults: ['1:1 a blank is missing after "a:": a:1; allowed: "KEY: VALUE", with ":" and a blank after the key'],
  },
  {
    name: 'no blank between a colon and a brace',
    text: 'upstream:{ url: "http://x" }\nb: 2\n',
    faults: [
      '1:28 a blank is missing after "upstream:": upstream:{ url: "http://x" }; allowed: "KEY: VALUE", with ":" and a blank after the key',
    ],
  },
  {
    name: 'no blank after the colon of a word',
    text: 'buckets:\n  my-media:\n    enforcement:block\n    b: 1\n',
    faults: [
      '3:5 a blank is missing after "enforcement:": enforcement:block; allowed: "KEY: VALUE", with ":" and a blank after the key',
    ],
  },
  {
    name: 'a quote that is not closed',
    text: 'a: "b\nc: 1\n',
    faults: [`1:4 '"' is not closed: a: "b; allowed: '"' at its end`],
  },
  {
    name: 'a single quote that is not closed',
    text: "a: 'b\nc: 1\n",
    faults: [`1:4 "'" is not closed: a: 'b; allowed: "'" at its end`],
  },
  {
    name: 'a quote too few in a list',
    text: 'a: ["b, "c"]\nd: 1\n',
    faults: [
      '1:10 a comma is missing before this: a: ["b, "c"]; allowed: values within [ ] or { }, with a comma between two of them',
    ],
  },
  {
    name: 'text after a quote',
    text: 'a: "b" c\n',
    faults: [
      '1:8 something stands after a value that is complete: a: "b" c; allowed: one value after each key, in quotes if it holds quotes, brackets or "#"',
    ],
  },
  {
    name: 'a bracket that is not closed',
    text: 'a: [b\nc: 1\n',
    faults: ['1:4 "[" is not closed: a: [b; allowed: "]" at its end'],
  },
  {
    name: 'a brace that is not closed',
    text: 'a: {b: 1\nc: 1\n',
    faults: ['1:4 "{" is not closed: a: {b: 1; allowed: "}" at its end'],
  },
  {
    name: 'a brace that closes a bracket',
    text: 'a: [b}\nc: 1\n',
    faults: ['1:4 "[" is not closed: a: [b}; allowed: "]" at its end'],
  },
  {
    name: 'a bracket too many',
    text: 'a: [b]]\n',
    faults: ['1:7 a bracket closes here that was not opened: a: [b]]; allowed: "]" for each "[" and "}" for each "{"'],
  },
  {
    name: 'a bracket that is not closed in a rule',
    text: 'x:\n  - AllowedOrigins: ["https://a"\n    AllowedMethods: [GET]\n',
    faults: ['2:21 "[" is not closed: - AllowedOrigins: ["https://a"; allowed: "]" at its end'],
  },
  {
    name: 'a key twice',
    text: 'a: 1\na: 2\n',
    faults: ['2:1 the key "a" stands twice in one mapping; allowed: each key once'],
  },
  {
    name: 'an anchor and an alias',
    text: 'a: &x 1\nb: *x\n',
    faults: [
      '1:4 &x is a YAML anchor; allowed: every value written out, without anchors and aliases',
      '2:4 "*x" is a YAML alias without its quotes; allowed: the same in quotes: "*x"',
    ],
  },
  {
    name: 'two documents',
    text: 'a: 1\n---\nb: 2\n',
    faults: ['2:1 a second document begins here: ---; allowed: one document in a file, without "---"'],
  },
  {
    name: 'an unquoted * in brackets',
    text: 'a: [*]\n',
    faults: ['1:5 "*" is a YAML alias without its quotes; allowed: the same in quotes: "*"'],
  },
  {
    name: 'an unquoted * as an item',
    text: 'a:\n  - *\n',
    faults: ['2:5 "*" is a YAML alias without its quotes; allowed: the same in quotes: "*"'],
  },
  {
    name: 'an unquoted * as a value',
    text: 'a: *\n',
    faults: ['1:4 "*" is a YAML alias without its quotes; allowed: the same in quotes: "*"'],
  },
  {
    name: 'an unquoted wildcard',
    text: 'a: *.example.com\n',
    faults: ['1:4 "*.example.com" is a YAML alias without its quotes; allowed: the same in quotes: "*.example.com"'],
  },
  {
    name: '@',
    text: 'a: @b\n',
    faults: ['1:4 a value begins with "@", which YAML keeps for itself: a: @b; allowed: the value in quotes'],
  },
  {
    name: '%',
    text: 'a: %b\n',
    faults: ['1:4 a value begins with "%", which YAML keeps for itself: a: %b; allowed: the value in quotes'],
  },
  {
    name: 'a backtick',
    text: 'a: `b`\n',
    faults: ['1:4 a value begins with "`", which YAML keeps for itself: a: `b`; allowed: the value in quotes'],
  },
  {
    name: '% at the start of a line',
    text: '%b: 1\n',
    faults: ['1:1 %b: 1 is a YAML directive; allowed: lines that do not begin with "%"'],
  },
  {
    name: '| before a text',
    text: 'a: |x\n',
    faults: [
      '1:5 "|" and ">" begin a text of several lines: nothing may stand behind them: a: |x; allowed: the value in quotes',
    ],
  },
  {
    name: '!',
    text: 'a: !x\n',
    faults: ['1:4 !x is a YAML tag; allowed: plain values without tags'],
  },
  {
    name: 'a comma',
    text: 'a: ,b\n',
    faults: [
      '1:4 a comma stands where a value is expected: a: ,b; allowed: values within [ ] or { }, with a comma between two of them',
    ],
  },
  {
    name: '- in the line of a key',
    text: 'a: -\n',
    faults: ['1:4 "- " stands in the line of a key: a: -; allowed: the item in a line of its own, or [VALUE, VALUE]'],
  },
  {
    name: 'an item without -',
    text: 'x:\n  AllowedMethods:\n    - GET\n    PUT\n',
    faults: [
      '4:5 ":" is missing after this key, or "- " before this item of a list: PUT; allowed: "KEY: VALUE", with ":" and a blank after the key; "- " before each item',
    ],
  },
  {
    name: 'an item in the line of its key',
    text: 'a: - b\n',
    faults: ['1:4 "- " stands in the line of a key: a: - b; allowed: the item in a line of its own, or [VALUE, VALUE]'],
  },
  {
    name: 'a key among items',
    text: 'a:\n  - b\n  c: 1\n',
    faults: [
      '3:3 this line is indented otherwise than the keys beside it: c: 1; allowed: the same spaces before all keys of one mapping',
    ],
  },
  {
    name: 'an item among keys',
    text: 'a:\n  c: 1\n  - b\n',
    faults: [
      '3:1 this item of a list stands among keys, or is indented otherwise than the items before it: - b; allowed: the same spaces before all items of one list',
    ],
  },
  {
    name: 'a second colon',
    text: 'a: b: c\n',
    faults: [
      '1:4 a second ": " stands in this line: a: b: c; allowed: one key in a line; the value in quotes if ": " belongs to it',
    ],
  },
  {
    name: 'a URL with a blank',
    text: 'url: http: //x\n',
    faults: [
      '1:6 a second ": " stands in this line: url: http: //x; allowed: one key in a line; the value in quotes if ": " belongs to it',
    ],
  },
  {
    name: 'two commas',
    text: 'a: [b c, , d]\n',
    faults: [
      '1:10 a comma stands without a value before it: a: [b c, , d]; allowed: values within [ ] or { }, with a comma between two of them',
    ],
  },
  {
    name: 'no comma in braces',
    text: 'a: {b: 1 c: 2}\n',
    faults: [
      '1:8 a comma is missing before a key, or "- " stands within brackets: a: {b: 1 c: 2}; allowed: values within [ ] or { }, with a comma between two of them',
    ],
  },
  {
    name: 'no comma in brackets',
    text: 'a: ["b" "c"]\n',
    faults: [
      '1:9 a comma is missing before this: a: ["b" "c"]; allowed: values within [ ] or { }, with a comma between two of them',
    ],
  },
  {
    name: '# right after a value',
    text: 'a: "b"#c\n',
    faults: [
      '1:7 "#" stands right after a value: a: "b"#c; allowed: a blank before "#" for a comment, else the value in quotes',
    ],
  },
  {
    name: 'a regular expression in double quotes',
    text: 'a: "https://.*\\.example\\.com"\n',
    faults: ['1:15 \\. is no escape in double quotes: a: "https://.*\\.example\\.com"; allowed: single quotes'],
  },
  {
    name: 'a template',
    text: 'a: {{ domain }}\n',
    faults: [
      '1:5 a template that is not filled in stands here: a: {{ domain }}; allowed: the file that the template makes, or the value in quotes',
    ],
  },
  {
    name: 'a template of another language',
    text: 'a: 1\n<% if b %>\nc: 1\n<% end %>\n',
    faults: [
      '2:1 a template that is not filled in stands here: <% if b %>; allowed: the file that the template makes, or the value in quotes',
      '4:1 a template that is not filled in stands here: <% end %>; allowed: the file that the template makes, or the value in quotes',
    ],
  },
  {
    name: 'a list as a key',
    text: '[a]: 1\n',
    faults: ['1:1 a list or a mapping stands where a key is expected: [a]: 1; allowed: text as keys'],
  },
  {
    name: 'a key behind ---',
    text: '--- a: 1\n',
    faults: ['1:5 the first key stands in the line of "---": --- a: 1; allowed: no "---"'],
  },
  {
    name: 'an equals sign',
    text: 'a = 1\nb: 2\n',
    faults: ['1:1 ":" is missing in this line: a = 1; allowed: "KEY: VALUE", with ":" and a blank after the key'],
  },
  {
    name: 'the value of a secret is not shown',
    text: 'secretAccessKey: "abc\n',
    faults: [`1:18 '"' is not closed: secretAccessKey…; allowed: '"' at its end`],
  },
  {
    name: 'nor where it is in braces',
    text: '{ token: "abc, b: 1\n',
    faults: [`1:10 '"' is not closed: …; allowed: '"' at its end`, '1:1 "{" is not closed: …; allowed: "}" at its end'],
  },
  {
    name: 'marks of a merge',
    text: 'a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> x\n',
    faults: [
      '2:1 a mark of a merge that is not finished stands here: <<<<<<< HEAD; allowed: the lines to keep',
      '4:1 a mark of a merge that is not finished stands here: =======; allowed: the lines to keep',
      '6:1 a mark of a merge that is not finished stands here: >>>>>>> x; allowed: the lines to keep',
    ],
  },
]
for (const { name, text, faults } of cases) {
  t.test(`${name}: where, what and what is allowed, once`, async t => {
    const said = readYaml(text).faults.map(
      ({ line, column, message, allowed }) => `${line}:${column} ${message}; allowed: ${allowed}`,
    )
    t.strictSame(said, faults)
  })
}

t.test('a long line is cut, and a password in a URL is not shown', async t => {
  const [long] = readYaml(`a: "b" ${'x'.repeat(500)}\n`).faults
  t.equal(long?.message, `something stands after a value that is complete: a: "b" ${'x'.repeat(52)}…`)
  const [url] = readYaml('url: @http://me:hunter2@s3.example\n').faults
  t.match(url?.message, 'url: @http://…@s3.example')
})

/** Texts with a fault, and what of the line's end must not be shown. */
const hidden: readonly { text: string; shown: string }[] = [
  { text: 'a: 1\nwJalrXUtnFEMI/K7MDENG/bPxRfi\nb: 2\n', shown: '…' },
  { text: 'secretAccessKey: >\n    hunter2\n  ab\nb\nc: 1\n', shown: '…' },
  { text: 'password: "ab\n hunter2\n', shown: 'password…' },
  { text: 'url: @http://admin:hun/ter2@minio:9000\n', shown: 'url: @http://…@minio:9000' },
  { text: 'url: @http://admin:hun ter2@minio:9000\n', shown: 'url: @http://…@minio:9000' },
  { text: 'url: @admin:hunter2@minio:9000\n', shown: 'url: @…@minio:9000' },
  { text: `url: @http://hunter2${'x'.repeat(300)}@minio\n`, shown: 'url: @http://…' },
  { text: `url: @http://a@b//hunter2${'x'.repeat(300)}@minio\n`, shown: 'url: @http://…' },
  ...['pwd', 'pass', 'db_pass', 'Authorization', 'private_key', 'api-key'].map(key => ({
    text: `${key}: @hunter2\n`,
    shown: `${key}…`,
  })),
  { text: 'x: @Bearer hunter2\n', shown: 'x…' },
  { text: 'x: @private key hunter2\n', shown: 'x…' },
  { text: 'a: 1\nhttps://app.example.com:8443\nb: 2\n', shown: 'https://app.example.com:8443' },
  { text: 'token: abc\nAllowedOrigins: @a\n', shown: 'AllowedOrigins: @a' },
  { text: 'AllowedHeaders: [Authorization, x] y\n', shown: 'AllowedHeaders: [Authorization, x] y' },
]
for (const { text, shown } of hidden) {
  t.test(`of ${JSON.stringify(text.slice(0, 60))} no secret is shown`, async t => {
    const said = readYaml(text).faults.map(({ message }) => message)
    t.not(said.length, 0)
    t.ok(
      said.some(message => message.endsWith(`: ${shown}`)),
      said.join('; '),
    )
    for (const message of said) t.notMatch(message, /hun.?ter2|wJalr/)
  })
}

t.test('what YAML has a mark for is not shown of a secret either', async t => {
  for (const [text, message] of [
    ['password: !hunter2\n', '!… is a YAML tag'],
    ['password: &hunter2 x\n', '&… is a YAML anchor'],
    ['password: *hunter2\n', '"*…" is a YAML alias without its quotes'],
    ['password:\n  *hunter2\n', '"*…" is a YAML alias without its quotes'],
    ['password: "\\xhunter2"\n', '… is no escape in double quotes: password…'],
  ] as const) {
    const [fault] = readYaml(text).faults
    t.equal(fault?.message, message)
    t.notMatch(fault?.allowed, 'hunter2')
  }
})

t.test('an error that the table does not have is told plainly', async t => {
  t.strictSame(describeErrors([{ code: 'IMPOSSIBLE', message: 'Block scalar header not found', offset: 0 }], ''), [
    {
      offset: 0,
      reason: 'yaml',
      message: 'this is not YAML',
      allowed: '"KEY: VALUE", with ":" and a blank after the key; "- " before each item of a list',
    },
  ])
})
