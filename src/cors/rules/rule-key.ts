/** The keys of a CORSRule in S3's JSON form, in the order in which people write them. */
export const ruleKeys = [
  'ID',
  'AllowedOrigins',
  'AllowedMethods',
  'AllowedHeaders',
  'ExposeHeaders',
  'MaxAgeSeconds',
] as const

/** One of {@link ruleKeys}. */
export type RuleKey = (typeof ruleKeys)[number]

/** What people write instead, without case, `-` and `_`; singular and plural are both tried. */
const otherNames: Readonly<Record<string, RuleKey>> = {
  name: 'ID',
  ruleid: 'ID',
  rulename: 'ID',
  corsrulename: 'ID',
  origin: 'AllowedOrigins',
  alloworigin: 'AllowedOrigins',
  method: 'AllowedMethods',
  allowmethod: 'AllowedMethods',
  header: 'AllowedHeaders',
  allowheader: 'AllowedHeaders',
  allowedoperation: 'AllowedMethods',
  exposedheader: 'ExposeHeaders',
  exposeheader: 'ExposeHeaders',
  maxage: 'MaxAgeSeconds',
  maxagesecond: 'MaxAgeSeconds',
  maxagesec: 'MaxAgeSeconds',
  maxageinsecond: 'MaxAgeSeconds',
}

/** Says whether `key` is one of {@link ruleKeys}, byte for byte. */
export function isRuleKey(key: string): key is RuleKey {
  return ruleKeys.some(known => known === key)
}

/** The key that a person most likely meant by `key`, if any is near. */
export function nearestRuleKey(key: string): RuleKey | undefined {
  const plain = singular(key.toLowerCase().replaceAll(/[-_ ]/g, ''))
  const known = ruleKeys.find(candidate => singular(candidate.toLowerCase()) === plain)
  if (known !== undefined) return known
  if (Object.hasOwn(otherNames, plain)) return otherNames[plain]
  // One or two slips of the finger in a long name; a longer `key` than any name is not measured at all.
  if (plain.length < 6 || plain.length > 20) return undefined
  return ruleKeys.find(candidate => isNear(singular(candidate.toLowerCase()), plain, 2))
}

function singular(word: string): string {
  return word.endsWith('s') ? word.slice(0, -1) : word
}

/** Says whether at most `slips` characters must be put in, taken out or exchanged to make `b` of `a`. */
function isNear(a: string, b: string, slips: number): boolean {
  if (a === b) return true
  if (slips === 0) return false
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  const [left, right] = [a.slice(same), b.slice(same)]
  return (
    isNear(left.slice(1), right.slice(1), slips - 1) ||
    isNear(left.slice(1), right, slips - 1) ||
    isNear(left, right.slice(1), slips - 1)
  )
}
