import { parseArgs } from 'node:util'

/** What `npm run bench` was asked for. */
export interface BenchArguments {
  readonly scenarios: readonly string[]
  readonly peers: readonly string[]
  readonly seconds: number
  readonly runs: number
  readonly warmUpSeconds: number
  /** Where CPU profiles of this proxy go. */
  readonly profiles: string | undefined
  /** `dist/cli.js` of another checkout, measured beside this one's as `baseline`. */
  readonly baseline: string | undefined
}

export function readArguments(args: readonly string[], scenarioNames: readonly string[], peerNames: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: scenarioNames.join(',') },
      peers: { type: 'string', default: peerNames.join(',') },
      seconds: { type: 'string', default: '2' },
      runs: { type: 'string', default: '5' },
      'warm-up': { type: 'string', default: '2' },
      'cpu-prof': { type: 'string' },
      baseline: { type: 'string' },
    },
  })
  const result: BenchArguments = {
    scenarios: list('--scenario', values.scenario, scenarioNames),
    peers: list('--peers', values.peers, peerNames),
    seconds: whole('--seconds', values.seconds),
    runs: whole('--runs', values.runs),
    warmUpSeconds: whole('--warm-up', values['warm-up']),
    profiles: values['cpu-prof'],
    baseline: values.baseline,
  }
  return result
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
