import { createReadStream } from 'node:fs'
import { basename, extname } from 'node:path'
import { readCorsFile } from '../../config/cors-files/cors-file.ts'
import type { TextFault } from '../../config/files/decode-text.ts'
import { isFileUrl, noPath, readFileContent, readStreamContent } from '../../config/files/file-content.ts'
import { type ConfigurationIssue, describeIssue } from '../../config/issue.ts'
import { readRules } from '../../config/validation/bucket-entries.ts'
import { bucketYaml } from '../../cors/explain/bucket-yaml.ts'
import type { CorsRule } from '../../cors/rules/rule.ts'
import { isBucketName } from '../../s3/address/bucket-name.ts'
import type { Command } from '../terminal/command.ts'
import { configOption } from '../terminal/configuration-source.ts'
import { importFromUpstream } from './import-upstream.ts'

/** Turns CORS files, or what the endpoint stores, into entries of `buckets`. */
export const importFiles: Command = {
  name: 'import',
  synopsis: 'FILE… [--bucket BUCKET], or --from-upstream --config FILE [--bucket BUCKET] [SETTINGS]',
  meaning: 'Write AWS CLI JSON, S3 XML, or what the endpoint stores as entries of "buckets" in YAML.',
  details: [
    'FILE may be "-", standard input. The rules of Terraform, CloudFormation, Cloudflare R2, Backblaze B2, Google Cloud Storage',
    'and Azure are read too, as far as they mean the same in S3; a line names each part that does not.',
    "The bucket's name is that of the file without its ending (my-media.json is my-media), or the value of --bucket.",
    'Exit code 0, or 64: if one file has a fault, nothing is written.',
    '',
    'With --from-upstream, the command calls GetBucketCors for every bucket that the keys in AWS_ACCESS_KEY_ID and',
    'AWS_SECRET_ACCESS_KEY can list. Of the settings, it uses those of "upstream". Exit code 1 if a call failed.',
  ],
  options: [
    { name: 'bucket', kind: 'text', value: 'BUCKET', meaning: 'the name of the bucket, for a single file or bucket' },
    { name: 'from-upstream', kind: 'switch', meaning: "ask the endpoint for its buckets' rules" },
    configOption,
  ],
  takesSettings: true,
  maxOperands: 10_000,
  async run(given, terminal) {
    const { operands, texts } = given
    const isAsking = given.switches.has('from-upstream')
    if (isAsking && operands.length > 0) {
      terminal.err('--from-upstream and FILE cannot be combined; allowed: one of them\n')
      return 64
    }
    if (isAsking) return importFromUpstream(given, terminal)
    const [setting] = [...(texts.config === undefined ? [] : ['config']), ...Object.keys(given.settings)]
    if (setting !== undefined) {
      terminal.err(`--${setting}: is about the endpoint; allowed: together with --from-upstream\n`)
      return 64
    }
    if (operands.length === 0) {
      terminal.err('FILE is missing; allowed: one file or more, or --from-upstream\n')
      return 64
    }
    if (texts.bucket !== undefined && operands.length > 1) {
      terminal.err('--bucket and several FILEs cannot be combined; allowed: one FILE\n')
      return 64
    }
    const read = await Promise.all(operands.map(operand => importFile(operand, texts.bucket)))
    const issues = read.flatMap(file => file.issues)
    const names = read.map(file => file.bucket)
    const twice = names.find((name, index) => names.indexOf(name) !== index)
    if (twice !== undefined)
      issues.push(
        fault(operands[names.lastIndexOf(twice)] ?? '', `bucket "${twice}" is named twice`, 'one file for a bucket'),
      )
    terminal.err(issues.map(issue => `${describeIssue(issue)}\n`).join(''))
    if (issues.some(issue => issue.severity === 'fault')) return 64
    terminal.out(`buckets:\n${read.map(({ bucket, rules }) => bucketYaml(bucket, rules)).join('')}`)
    return 0
  },
}

interface Imported {
  readonly bucket: string
  readonly rules: readonly CorsRule[]
  readonly issues: readonly ConfigurationIssue[]
}

async function importFile(operand: string, named: string | undefined): Promise<Imported> {
  if (isFileUrl(operand)) {
    const { message, allowed } = noPath(operand)
    return { bucket: named ?? operand, rules: [], issues: [fault(operand, message, allowed)] }
  }
  const stream = standardInput.has(operand)
    ? process.stdin
    : isDescriptor(operand)
      ? createReadStream(operand)
      : undefined
  const file = standardInput.has(operand) ? 'standard input' : operand
  const content = stream === undefined ? await readFileContent(file) : await readStreamContent(stream)
  const located = readCorsFile(content)
  const bucket = named ?? located.bucket ?? (stream === undefined ? basename(file, extname(file)) : '')
  const issues: ConfigurationIssue[] = []
  if (!isBucketName(bucket) && bucket !== '*') {
    const allowed = named === undefined ? '--bucket BUCKET' : '3 to 63 lower-case letters, digits, "." and "-", or "*"'
    const message =
      bucket === ''
        ? 'it has no name that could be the name of the bucket'
        : `${JSON.stringify(bucket)} is not a bucket name`
    issues.push(fault(file, message, allowed))
  }
  const tell = (severity: 'fault' | 'warning', found: readonly TextFault[]) => {
    for (const { line, column, ...words } of found) {
      const place = content.kind === 'failed' ? {} : { line, column }
      issues.push({ severity, file, ...place, path: [], value: undefined, ...words })
    }
  }
  tell('fault', located.faults)
  tell('warning', located.notes)
  if (located.faults.length > 0) return { bucket, rules: [], issues }
  const { rules = [], issues: ruleIssues } = readRules(located.value, { file, path: ['CORSRules'], located, at: [] })
  return { bucket, rules, issues: [...issues, ...ruleIssues] }
}

/** What stands for standard input. */
const standardInput: ReadonlySet<string> = new Set(['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])

/** What a shell gives for `<(COMMAND)`. */
function isDescriptor(path: string): boolean {
  return /^\/(?:dev|proc\/self)\/fd\/[0-9]+$/.test(path)
}

function fault(file: string, message: string, allowed: string): ConfigurationIssue {
  return { severity: 'fault', reason: 'import', file, path: [], value: undefined, message, allowed }
}
