import { type ConfigurationIssue, describeIssue } from '../../config/issue.ts'
import { loadConfiguration } from '../../config/loading/load-configuration.ts'
import { bucketYaml } from '../../cors/explain/bucket-yaml.ts'
import { lintRules } from '../../cors/lint/lint.ts'
import { describeStoredFault, matchesNothing } from '../../cors/parsing/stored-rules.ts'
import type { RuleIssue } from '../../cors/rules/rule.ts'
import { readUpstreamFiles } from '../../daemon/upstream/tls-files.ts'
import { keepsNoRules } from '../../policies/upstream/entry-status.ts'
import { isBucketName } from '../../s3/address/bucket-name.ts'
import { type CorsFetchResult, createGetBucketCors, type GetBucketCors } from '../../s3/endpoint/get-bucket-cors.ts'
import { createListBuckets } from '../../s3/endpoint/list-buckets.ts'
import { type Endpoint, openEndpoint, parallelCalls } from '../connect/endpoint.ts'
import { mapBounded } from '../connect/map-bounded.ts'
import type { ExitCode, ParsedArguments, Terminal } from '../terminal/command.ts'
import { configurationSource } from '../terminal/configuration-source.ts'

/** Writes what GetBucketCors says of every bucket that the keys can see as `buckets`; what fails is said beside it. */
export async function importFromUpstream(given: ParsedArguments, terminal: Terminal): Promise<ExitCode> {
  const source = configurationSource(given, terminal)
  if (source === undefined) return 64
  const { configuration, issues } = (await loadConfiguration(source)).parsed
  if (configuration === undefined) {
    terminal.err(lines(issues.filter(issue => issue.severity === 'fault')))
    return 64
  }
  let endpoint: Endpoint
  try {
    endpoint = openEndpoint(configuration, await readUpstreamFiles(configuration), terminal.environment)
  } catch (error) {
    terminal.err(`${error instanceof Error ? error.message : String(error)}\n`)
    return 64
  }
  try {
    return await importFrom(endpoint, configuration.upstream.url.authority, given.texts.bucket, terminal)
  } finally {
    await endpoint.close()
  }
}

async function importFrom(
  endpoint: Endpoint,
  name: string,
  bucket: string | undefined,
  terminal: Terminal,
): Promise<ExitCode> {
  const call = endpoint.callerAs({})
  let buckets: readonly string[]
  if (bucket === undefined) {
    const listed = await createListBuckets(call)()
    if (listed.kind === 'failure') {
      const allowed = 'keys that may list buckets, in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; or --bucket BUCKET'
      terminal.err(lines([issue('fault', name, `ListBuckets: ${listed.reason}: ${listed.detail}`, allowed)]))
      return 1
    }
    buckets = [...listed.names].toSorted()
  } else buckets = [bucket]
  const read = createGetBucketCors(call)
  const imported = await mapBounded(buckets, parallelCalls, bucket => importBucket(read, bucket))
  const issues = imported.flatMap(({ issues = [] }) => issues)
  const keepsNone = imported.flatMap(({ keepsNoRules = [] }) => keepsNoRules)
  if (keepsNone[0] !== undefined) issues.unshift(issue('warning', name, keepsNone[0], ''))
  const entries = imported.map(({ yaml }) => yaml ?? '').join('')
  terminal.err(lines(issues))
  terminal.out(entries === '' ? 'buckets: {}\n' : `buckets:\n${entries}`)
  return issues.some(({ severity }) => severity === 'fault') ? 1 : 0
}

interface ImportedBucket {
  readonly yaml?: string
  readonly issues?: readonly ConfigurationIssue[]
  /** The endpoint does not know the operation: said once, not of each bucket. */
  readonly keepsNoRules?: string
}

async function importBucket(read: GetBucketCors, bucket: string): Promise<ImportedBucket> {
  if (!isBucketName(bucket)) {
    return {
      issues: [issue('fault', bucket, 'a configuration cannot have this name', "a name that keeps to S3's rules")],
    }
  }
  const result: CorsFetchResult = await read(bucket)
  switch (result.kind) {
    case 'rules': {
      const faults = (result.faults ?? []).map(fault => issue('warning', bucket, describeStoredFault(fault), ''))
      const rules = result.rules.filter(rule => !matchesNothing(rule))
      if (rules.length > 0) {
        return { yaml: bucketYaml(bucket, rules), issues: [...faults, ...lintRules(rules).map(about(bucket))] }
      }
      return {
        issues: [...faults, issue('warning', bucket, 'its rules match nothing: it gets no entry', '')],
      }
    }
    case 'none':
      if (result.unsupported) return { keepsNoRules: keepsNoRules(result.said) }
      return { issues: [issue('warning', bucket, 'it has no rules and gets no entry', '')] }
    case 'no-such-bucket':
      return { issues: [issue('fault', bucket, 'the endpoint has no such bucket', '')] }
    case 'failure':
      return { issues: [issue('fault', bucket, `${result.reason}: ${result.detail}`, '')] }
  }
}

/** A rule's warning, as one about the bucket that the endpoint keeps it for. */
function about(bucket: string) {
  return ({ severity, reason, path, value, message, allowed }: RuleIssue): ConfigurationIssue => ({
    severity,
    reason,
    file: bucket,
    path: ['CORSRules', ...path],
    value,
    message,
    allowed,
  })
}

function issue(severity: 'fault' | 'warning', file: string, message: string, allowed: string): ConfigurationIssue {
  return { severity, reason: 'import', file, path: [], value: undefined, message, allowed }
}

function lines(issues: readonly ConfigurationIssue[]): string {
  return issues.map(found => `${describeIssue(found)}\n`).join('')
}
