import { parseArgs } from 'node:util'

/** What `npm run bench` was asked for. */
export interface BenchArguments {
  readonly scenarios: readonly string[]
  readonly peers: readonly string[]
  readonly seconds: number
  readonly mainSeconds: number
  readonly runs: number
  /** Fresh processes of each peer, one after another, each with so many runs. */
  readonly starts: number
  readonly warmUpSeconds: number
  /** Whether a peer that got little CPU time is warmed up for longer. */
  readonly isPatient: boolean
  /** Where the report goes as JSON, Markdown and SVG. */
  readonly out: string | undefined
  /** Where CPU profiles of this proxy go. */
  readonly profiles: string | undefined
  /** `dist/cli.js` of another checkout, measured beside this one's as `baseline`. */
  readonly baseline: string | undefined
}

export const usage = `npm run bench -- [OPTIONS]

  --scenario A,B   only these; --list names them
  --peers A,B      only these
  --runs N         interleaved runs, of which medians are taken (5)
  --starts N       fresh processes of each peer, each with as many runs (1): a comparison with --baseline needs several
  --seconds N      of each run (2 for scenarios with a limit, else 1)
  --warm-up N      seconds before the first run of each peer (2)
  --quick          one run of one second
  --out DIR        report.json, report.md and report.svg
  --cpu-prof DIR   a CPU profile of this proxy for each scenario, and its largest self times
  --baseline FILE  dist/cli.js of another checkout, measured as well
  --list
`

/** Undefined when it is told to explain itself instead. Throws on what is not known. */
export function readArguments(
  args: readonly string[],
  scenarioNames: readonly string[],
  peerNames: readonly string[],
): BenchArguments | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: scenarioNames.join(',') },
      peers: { type: 'string', default: peerNames.join(',') },
      seconds: { type: 'string' },
      runs: { type: 'string' },
      starts: { type: 'string', default: '1' },
      'warm-up': { type: 'string' },
      quick: { type: 'boolean', default: false },
      out: { type: 'string' },
      'cpu-prof': { type: 'string' },
      baseline: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.list || values.help) return undefined
  const { quick, seconds } = values
  return {
    scenarios: list('--scenario', values.scenario, scenarioNames),
    peers: list('--peers', values.peers, peerNames),
    seconds: whole('--seconds', seconds ?? '1'),
    mainSeconds: whole('--seconds', seconds ?? (quick ? '1' : '2')),
    runs: whole('--runs', values.runs ?? (quick ? '1' : '5')),
    starts: whole('--starts', values.starts),
    warmUpSeconds: whole('--warm-up', values['warm-up'] ?? (quick ? '1' : '2')),
    isPatient: !quick,
    out: values.out,
    profiles: values['cpu-prof'],
    baseline: values.baseline,
  }
}

function list(option: string, value: string, known: readonly string[]): readonly string[] {
  const names = value.split(',').filter(name => name !== '')
  const unknown = names.find(name => !known.includes(name))
  if (unknown !== undefined) throw new Error(`${option}: ${unknown} is not one of ${known.join(', ')}`)
  return names
}

function whole(option: string, value: string): number {
  const result = Number(value)
  if (!Number.isInteger(result) || result < 1) throw new Error(`${option} has to be a whole number above 0`)
  return result
}
