import { basename, extname } from 'node:path'
import { readRules } from '../config/buckets/bucket-entries.ts'
import { readCorsFile } from '../config/buckets/cors-file.ts'
import { type ConfigurationIssue, describeIssue } from '../config/issue.ts'
import { readFileContent } from '../config/text/file-content.ts'
import type { CorsRule } from '../cors/rule.ts'
import { isBucketName } from '../s3/bucket-name.ts'
import { bucketYaml } from './bucket-yaml.ts'
import type { Command } from './command.ts'

/** Turns CORS files into entries of `buckets`. Writes nothing unless every file is good. */
export const importFiles: Command = {
  name: 'import',
  synopsis: 'FILE… [--bucket BUCKET]',
  meaning: 'Write AWS CLI JSON or S3 XML as entries of "buckets" in YAML.',
  details: [
    "The bucket's name is that of the file without its ending, unless --bucket says it: my-media.json is my-media.",
  ],
  options: [{ name: 'bucket', kind: 'text', value: 'BUCKET', meaning: 'the name of the bucket, for a single file' }],
  maxOperands: 10_000,
  async run({ operands, texts }, terminal) {
    if (operands.length === 0) {
      terminal.err('FILE is missing; allowed: one file or more\n')
      return 64
    }
    if (texts.bucket !== undefined && operands.length > 1) {
      terminal.err('--bucket: names one bucket; allowed: one FILE with it\n')
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

async function importFile(file: string, named: string | undefined): Promise<Imported> {
  const bucket = named ?? basename(file, extname(file))
  const issues: ConfigurationIssue[] = []
  if (file.startsWith('file://')) {
    const allowed = `the path alone (file:// is for the AWS CLI): ${file.slice('file://'.length)}`
    return { bucket, rules: [], issues: [fault(file, 'this is no path', allowed)] }
  }
  if (!isBucketName(bucket) && bucket !== '*') {
    const allowed = named === undefined ? '--bucket BUCKET' : '3 to 63 lower-case letters, digits, "." and "-", or "*"'
    issues.push(fault(file, `${JSON.stringify(bucket)} is not a bucket name`, allowed))
  }
  const content = await readFileContent(file)
  const located = readCorsFile(content)
  for (const { line, column, ...words } of located.faults) {
    const place = content.kind === 'failed' ? {} : { line, column }
    issues.push({ severity: 'fault', file, ...place, path: [], value: undefined, ...words })
  }
  if (located.faults.length > 0) return { bucket, rules: [], issues }
  const { rules = [], issues: ruleIssues } = readRules(located.value, { file, path: ['CORSRules'], located, at: [] })
  return { bucket, rules, issues: [...issues, ...ruleIssues] }
}

function fault(file: string, message: string, allowed: string): ConfigurationIssue {
  return { severity: 'fault', reason: 'import', file, path: [], value: undefined, message, allowed }
}
