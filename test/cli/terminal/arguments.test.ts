import t from 'tap'
import { parseArguments } from '../../../src/cli/terminal/arguments.ts'
import type { Command } from '../../../src/cli/terminal/command.ts'

const command: Command = {
  name: 'some',
  synopsis: '',
  meaning: '',
  details: [],
  options: [
    { name: 'config', kind: 'text', meaning: '' },
    { name: 'header', kind: 'list', meaning: '' },
    { name: 'json', kind: 'switch', meaning: '' },
  ],
  takesSettings: true,
  maxOperands: 1,
  run: async () => 0,
}

t.test('arguments are sorted by what they are', async t => {
  const given = [
    '--config',
    'a.yaml',
    '--header=X: y',
    '--header',
    'z',
    '--json',
    'operand',
    '--upstream-url',
    'http://a',
    '-h',
    '-V',
  ]
  t.strictSame(parseArguments(command, given), {
    parsed: {
      texts: { config: 'a.yaml' },
      lists: { header: ['X: y', 'z'] },
      switches: new Set(['json', 'help', 'version']),
      settings: { 'upstream-url': 'http://a' },
      operands: ['operand'],
    },
  })
})

const accepted: readonly { given: readonly string[]; config: string }[] = [
  { given: ['--config', '-'], config: '-' },
  { given: ['--config=-a'], config: '-a' },
  { given: ['--config='], config: '' },
]
for (const { given, config } of accepted) {
  t.test(`${given.join(' ')} is "${config}"`, async t => {
    const result = parseArguments(command, given)
    t.equal('parsed' in result && result.parsed.texts.config, config)
  })
}

const refused: readonly { given: readonly string[]; faults: readonly string[] }[] = [
  { given: ['--confg', 'a'], faults: ['--confg: unknown option, did you mean --config?'] },
  {
    given: ['--upstream-ur=a', '-x'],
    faults: ['--upstream-ur: unknown option, did you mean --upstream-url?', '-x: unknown option'],
  },
  { given: ['--config'], faults: ['--config: the value is missing'] },
  {
    given: ['--config', '--json'],
    faults: ['--config: the value is missing; one that starts with "-" is written --config=--json'],
  },
  { given: ['--json=yes'], faults: ['--json: takes no value'] },
  { given: ['--config', 'a', '--config', 'b'], faults: ['--config: given twice'] },
  { given: ['--listen', ':1', '--listen', ':2'], faults: ['--listen: given twice'] },
  { given: ['a', 'b'], faults: ['unexpected argument "b"'] },
  { given: ['--', 'a', '--json'], faults: ['unexpected argument "--json"'] },
]
for (const { given, faults } of refused) {
  t.test(`${given.join(' ')} is refused`, async t => t.strictSame(parseArguments(command, given), { faults }))
}

t.test('settings are options only of commands that take them', async t => {
  const { takesSettings: _, ...other } = command
  t.match(parseArguments(other, ['--upstream-url', 'a']), { faults: [/^--upstream-url: unknown option/] })
})
