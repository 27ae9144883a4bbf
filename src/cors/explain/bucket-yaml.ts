import type { CorsRule } from '../rules/rule.ts'
import { quote } from './quoted-scalar.ts'

/** One entry of `buckets` with its rules, in S3's own names and order of values; every text in double quotes. */
export function bucketYaml(bucket: string, rules: readonly CorsRule[]): string {
  return [`  ${quote(bucket)}:`, '    CORSRules:', ...rules.flatMap(ruleLines)].map(line => `${line}\n`).join('')
}

function ruleLines(rule: CorsRule): readonly string[] {
  const lines = [
    ...(rule.id === undefined ? [] : [`ID: ${quote(rule.id)}`]),
    `AllowedOrigins: ${flow(rule.allowedOrigins)}`,
    `AllowedMethods: ${flow(rule.allowedMethods)}`,
    ...(rule.allowedHeaders.length === 0 ? [] : [`AllowedHeaders: ${flow(rule.allowedHeaders)}`]),
    ...(rule.exposeHeaders.length === 0 ? [] : [`ExposeHeaders: ${flow(rule.exposeHeaders)}`]),
    ...(rule.maxAgeSeconds === undefined ? [] : [`MaxAgeSeconds: ${rule.maxAgeSeconds}`]),
  ]
  return lines.map((line, index) => `      ${index === 0 ? '- ' : '  '}${line}`)
}

function flow(values: readonly string[]): string {
  return `[${values.map(quote).join(', ')}]`
}
