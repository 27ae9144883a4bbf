import type { Configuration } from '../../config/configuration.ts'
import { describeIssue } from '../../config/issue.ts'
import { type ConfigurationSource, loadConfiguration } from '../../config/loading/load-configuration.ts'
import { type Comparison, compareSeen } from '../learning/comparison.ts'
import { comparisonText } from '../learning/comparison-text.ts'
import { readSeen, seenOptions } from '../learning/seen-origins.ts'
import type { Command, ExitCode, Terminal } from '../terminal/command.ts'
import { configOption, configurationSource } from '../terminal/configuration-source.ts'

/** When the exit code is 1. */
const failures: Readonly<Record<string, (comparison: Comparison) => boolean>> = {
  refused: ({ refused }) => refused.length > 0,
  allowed: ({ allowed }) => allowed.length > 0,
  any: ({ refused, allowed }) => refused.length + allowed.length > 0,
  none: () => false,
}

/** Tells what another configuration would change for what was seen. */
export const compare: Command = {
  name: 'compare',
  synopsis: '--config NEXT (--url URL … | --file FILE …) [--with TODAY] [--fail-on refused|allowed|any|none] [--json]',
  meaning:
    'Tell which of the requests seen another configuration would refuse or allow, and which of its rules match none of them.',
  details: [
    'The command compares NEXT with the last answer to each request, or with what the rules of TODAY answer. Where the',
    'enforcement is "report", the endpoint\'s answer counts. The command changes nothing, and with --file it asks no proxy.',
    'Exit code 1 if something that is allowed today would be refused; --fail-on names another reason. 64: bad arguments or files.',
  ],
  options: [
    { ...configOption, value: 'NEXT', meaning: 'the configuration to come; else the variable S3CORS_CONFIG' },
    ...seenOptions,
    { name: 'with', kind: 'text', value: 'TODAY', meaning: 'the configuration of today' },
    {
      name: 'fail-on',
      kind: 'text',
      value: 'WHAT',
      meaning:
        'exit code 1 when something is newly refused, newly allowed, either of them (any), or never (none) [refused]',
    },
    { name: 'json', kind: 'switch', meaning: 'as JSON' },
  ],
  takesSettings: true,
  async run(given, terminal) {
    const { 'fail-on': failOn = 'refused', with: today } = given.texts
    const isFailure = Object.hasOwn(failures, failOn) ? failures[failOn] : undefined
    if (isFailure === undefined) {
      terminal.err(`--fail-on: expected ${Object.keys(failures).join(', ')}, got ${JSON.stringify(failOn)}\n`)
      return 64
    }
    const source = configurationSource(given, terminal)
    if (source === undefined) return 64
    const after = await load(source, terminal)
    const before = today === undefined ? undefined : await load({ ...source, file: today }, terminal)
    if (after === 64 || before === 64) return 64
    const seen = await readSeen(given, terminal)
    if (typeof seen === 'number') return seen
    const comparison = compareSeen(seen.requests, after, before)
    if (seen.unknown > 0) {
      terminal.err(`further requests that are not compared, because their origins are not known: ${seen.unknown}\n`)
    }
    terminal.out(
      given.switches.has('json') ? `${JSON.stringify(described(comparison), null, 2)}\n` : comparisonText(comparison),
    )
    return isFailure(comparison) ? 1 : 0
  },
}

function described({ refused, allowed, ...rest }: Comparison) {
  const dated = (requests: Comparison['refused']) =>
    requests.map(({ lastSeenMs, ...request }) => ({ ...request, lastSeen: new Date(lastSeenMs).toISOString() }))
  return { refused: dated(refused), allowed: dated(allowed), ...rest }
}

async function load(source: ConfigurationSource, terminal: Terminal): Promise<Configuration | (ExitCode & 64)> {
  const { configuration, issues } = (await loadConfiguration(source)).parsed
  if (configuration !== undefined) return configuration
  terminal.err(issues.map(issue => `${describeIssue(issue)}\n`).join(''))
  return 64
}
