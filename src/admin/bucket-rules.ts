import { bucketYaml } from '../cors/explain/bucket-yaml.ts'
import { quote } from '../cors/explain/quoted-scalar.ts'
import type { BucketRules } from './admin-sources.ts'

const stateWords: Readonly<Record<BucketRules['state'], string>> = {
  rules: '',
  none: ', which has none: every preflight is refused',
  'no-such-bucket': ', where there is no such bucket',
  unknown: ', and not known now: nothing is allowed',
}

/** The rules in force of a bucket as YAML, ready to be pasted into a configuration, whatever their source. */
export function describeRules(bucket: string, { source, enforcement, state, rules }: BucketRules): string {
  const isLive = source === 'upstream' || source === 'managed'
  const head = `# in force: rules from ${source}${stateWords[state]}; enforcement: ${enforcement}\nbuckets:\n`
  return (
    head +
    (rules.length === 0 ? `  ${quote(bucket)}: { from: ${isLive ? source : 'none'} }\n` : bucketYaml(bucket, rules))
  )
}
