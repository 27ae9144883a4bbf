import t from 'tap'
import type { ParsedArguments } from '../../../src/cli/terminal/command.ts'
import { configurationSource } from '../../../src/cli/terminal/configuration-source.ts'
import { recordTerminal } from '../../fixtures/terminal.ts'

const given = (texts: Record<string, string>, settings: Record<string, string> = {}): ParsedArguments => ({
  texts,
  lists: {},
  switches: new Set(),
  settings,
  operands: [],
})

const cases: readonly {
  name: string
  given: ParsedArguments
  environment: Record<string, string>
  file: string | undefined
}[] = [
  { name: '--config', given: given({ config: 'a.yaml' }), environment: { S3CORS_CONFIG: 'b.yaml' }, file: 'a.yaml' },
  { name: 'S3CORS_CONFIG', given: given({}), environment: { S3CORS_CONFIG: 'b.yaml' }, file: 'b.yaml' },
  { name: '--upstream-url alone', given: given({}, { 'upstream-url': 'http://a' }), environment: {}, file: undefined },
  {
    name: 'S3CORS_UPSTREAM_URL alone',
    given: given({}),
    environment: { S3CORS_CONFIG: '', S3CORS_UPSTREAM_URL: 'a' },
    file: undefined,
  },
]
for (const { name, given, environment, file } of cases) {
  t.test(`${name} says what the configuration is`, async t => {
    const terminal = recordTerminal(environment)
    t.strictSame(configurationSource(given, terminal), { file, environment, flags: given.settings })
    t.equal(terminal.written.err, '')
  })
}

t.test('nothing says what it is', async t => {
  const terminal = recordTerminal()
  t.equal(configurationSource(given({}), terminal), undefined)
  t.equal(terminal.written.err, 'no configuration; allowed: --config FILE, or at least --upstream-url URL\n')
})
