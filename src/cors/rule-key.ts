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
  origin: 'AllowedOrigins',
  alloworigin: 'AllowedOrigins',
  method: 'AllowedMethods',
  allowmethod: 'AllowedMethods',
  header: 'AllowedHeaders',
  allowheader: 'AllowedHeaders',
  exposedheader: 'ExposeHeaders',
  exposeheader: 'ExposeHeaders',
  maxage: 'MaxAgeSeconds',
  maxagesecond: 'MaxAgeSeconds',
  maxagesec: 'MaxAgeSeconds',
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
  return ruleKeys.find(candidate => candidate.length > 2 && distance(singular(candidate.toLowerCase()), plain) <= 2)
}

function singular(word: string): string {
  return word.endsWith('s') ? word.slice(0, -1) : word
}

/** How many characters must be put in, taken out or exchanged to make `b` of `a` (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [i, left] of [...a].entries()) {
    let before = i + 1
    const next = [before]
    for (const [j, right] of [...b].entries()) {
      const diagonal = row[j] ?? 0
      before = left === right ? diagonal : 1 + Math.min(diagonal, before, row[j + 1] ?? 0)
      next.push(before)
    }
    row = next
  }
  return row.at(-1) ?? 0
}
