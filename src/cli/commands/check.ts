import type { Configuration } from '../../config/configuration.ts'
import { readFileContentSync } from '../../config/files/file-content.ts'
import { describeIssue, type Finding, inOrder, placeFinding } from '../../config/issue.ts'
import { loadConfiguration } from '../../config/loading/load-configuration.ts'
import { readSecrets } from '../../config/secrets.ts'
import { findShortages } from '../../config/validation/capacity.ts'
import { findPemIssues } from '../../config/validation/pem-files.ts'
import { readResources } from '../../config/validation/resources.ts'
import { describePortOwner, findPortOwner } from '../../daemon/process/port-owner.ts'
import { readUpstreamFiles } from '../../daemon/upstream/tls-files.ts'
import { checkEndpoint, hasFault } from '../connect/check-endpoint.ts'
import { describeFinding, type Finding as EndpointFinding } from '../connect/finding.ts'
import type { Command, ExitCode, Terminal } from '../terminal/command.ts'
import { configOption, configurationSource } from '../terminal/configuration-source.ts'

/** Reads everything that start-up reads, and tells everything that is wrong with it. */
export const check: Command = {
  name: 'check',
  synopsis: '--config FILE [--connect] [SETTINGS]',
  meaning:
    'Tell every fault and warning of a configuration, without opening a port; with --connect, those of its endpoint too.',
  details: [
    'Each has a line: FILE:LINE:COLUMN: what, and what is allowed. Exit code 0, or 64 if there are faults.',
    '',
    'Without --connect, the command asks no server. With it, and without such faults, it also asks the endpoint: whether it is',
    'reached, TLS included; how far its clock is off; whether it accepts the keys, and verifies signatures; which clients',
    '"upstream.host" serves (the table in config/ovhcloud.yaml); how it reads "hosts" and "virtualHosts"; whether each bucket',
    'that is named is there; the rules of those "from: upstream"; whether "from: managed" is safe with it, by ?cors requests',
    'that it must refuse, and whether the bucket of "managed.store" is there. It changes nothing. Each has a line: ok, note,',
    'warning or fault: SETTING: what; to do: what to do. Exit code 1 if there are faults among these.',
  ],
  options: [configOption, { name: 'connect', kind: 'switch', meaning: 'also ask the endpoint' }],
  takesSettings: true,
  async run(given, terminal) {
    const source = configurationSource(given, terminal)
    if (source === undefined) return 64
    const { parsed } = await loadConfiguration(source)
    const { issues: secretIssues } = readSecrets(source.environment, readFileContentSync)
    const { configuration } = parsed
    const unusable = findPemIssues(parsed.pemFiles)
    const name = source.file ?? 'configuration'
    const ofMachine =
      configuration === undefined
        ? []
        : [...findShortages(configuration, readResources()), ...findTakenPorts(configuration)]
    const issues = [
      ...parsed.issues,
      ...secretIssues,
      ...unusable,
      ...ofMachine.map(finding => placeFinding(finding, parsed.places, name)),
    ]
    const lines = inOrder(issues).map(describeIssue)
    const warnings = issues.filter(issue => issue.severity === 'warning').length
    const faults = lines.length - warnings
    const buckets = configuration === undefined ? '' : `, ${count(configuration.buckets.length, 'bucket')}`
    terminal.out(lines.map(line => `${line}\n`).join(''))
    terminal.out(`${name}: ${count(faults, 'fault')}, ${count(warnings, 'warning')}${buckets}\n`)
    if (faults > 0 || configuration === undefined) return 64
    return given.switches.has('connect') ? connect(configuration, terminal) : 0
  },
}

async function connect(configuration: Configuration, terminal: Terminal): Promise<ExitCode> {
  const files = await readUpstreamFiles(configuration)
  const findings = await checkEndpoint(configuration, files, terminal.environment)
  terminal.out(findings.map(finding => `${describeFinding(finding)}\n`).join(''))
  const { protocol, authority } = configuration.upstream.url
  const number = (severity: EndpointFinding['severity']) =>
    findings.filter(finding => finding.severity === severity).length
  const summary = `${count(number('fault'), 'fault')}, ${count(number('warning'), 'warning')}`
  terminal.out(`${protocol}//${authority}: ${summary}\n`)
  return hasFault(findings) ? 1 : 0
}

/** Ports that another program listens on. One of this program is the proxy itself, which runs. */
function findTakenPorts(configuration: Configuration): readonly Finding[] {
  return (['listen', 'admin'] as const).flatMap(setting => {
    const { port } = configuration[setting]
    const owner = port === 0 ? undefined : findPortOwner(port)
    if (owner === undefined || owner.isProxy === true) return []
    const message = `port ${port} is in use by ${describePortOwner(owner)}`
    const place = { path: [setting], value: port } as const
    return [{ severity: 'warning', reason: 'port-in-use', ...place, message, allowed: 'a port that is free' } as const]
  })
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
