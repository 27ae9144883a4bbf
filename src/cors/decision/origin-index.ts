import type { CorsRule } from '../rules/rule.ts'
import { readPatterns } from './origin-patterns.ts'

/**
 * Which rules of a policy list an origin, without asking each: what a rule costs that cannot match is next to nothing, so
 * a bucket with a hundred rules answers as fast as one with a few. The plain way to the same answer is to ask every pattern
 * of every rule in turn.
 *
 * A policy that was not asked for a while has to be fetched from memory, where each object on the way costs as much as the
 * decision itself. So everything that is searched stands in one piece of memory, the patterns included.
 *
 * A hash table whose hash anyone can foresee: a hash dismisses a pattern and never accepts one. Whoever chooses an origin
 * does not choose what stands in the table, so the most that an origin can cost is a comparison with every pattern of the
 * bucket, which is the plain way. An origin is read up to the length of the longest pattern and no further.
 */
export interface OriginIndex {
  /** The length of the longest pattern without `*`; -1 when there is none. */
  readonly longest: number
  /** The lengths of what stands behind the `*` of the others, each once, the shortest first. */
  readonly suffixLengths: readonly number[]
  /** The number of chains less one; that number is a power of two. */
  readonly mask: number
  /** Of each chain where its first entry stands (0: nowhere), then the entries: {@link field}, and the pattern's characters. */
  readonly words: Int32Array
  /** The same memory. */
  readonly bytes: Uint8Array
}

/**
 * What an entry is made of, one word each: the hash of its pattern, where the next entry of its chain stands (0: nowhere),
 * its rule, the length of the pattern without its `*`, and where that was (-1: nowhere). A chain is in the order of the rules.
 */
const field = { hash: 0, next: 1, rule: 2, length: 3, star: 4 } as const
const fieldCount = 5
const wordBytes = 4
/** As many as {@link chainOf} tells apart. */
const mostChains = 65_536

const asterisk = 0x2a

const noLengths: readonly number[] = Object.freeze([])

/** Sorts the origins of all `rules` of a policy. */
export function indexOrigins(rules: readonly CorsRule[]): OriginIndex {
  const { text, lengths } = readPatterns(rules)
  const mask = Math.min(mostChains, 2 ** Math.ceil(Math.log2(lengths.length + 1))) - 1
  let size = mask + 1
  for (const length of lengths) size += entrySize(length)
  const words = new Int32Array(size)
  const bytes = new Uint8Array(words.buffer)
  const suffixes = new Set<number>()
  let longest = -1
  let entry = size
  let start = text.length
  let pattern = lengths.length
  // From the last to the first, so that each chain begins with its first rule.
  for (let rule = rules.length - 1; rule >= 0; rule--) {
    for (let count = (rules[rule] as CorsRule).allowedOrigins.length; count > 0; count--) {
      const length = lengths[--pattern] as number
      const end = start
      start -= length
      entry -= entrySize(length)
      const star = starOf(text, start, end)
      if (star === -1) longest = Math.max(longest, length)
      else suffixes.add(length - 1 - star)
      const hash = star === -1 ? wholeHash(hashOf(text, start, end)) : hashOf(text, start + star + 1, end)
      const chain = chainOf(hash, mask)
      words[entry + field.hash] = hash
      words[entry + field.next] = words[chain] as number
      words[entry + field.rule] = rule
      words[entry + field.length] = star === -1 ? length : length - 1
      words[entry + field.star] = star
      words[chain] = entry
      let to = (entry + fieldCount) * wordBytes
      for (let at = 0; at < length; at++) if (at !== star) bytes[to++] = text[start + at] as number
    }
  }
  const suffixLengths = suffixes.size === 0 ? noLengths : Object.freeze([...suffixes].sort((a, b) => a - b))
  return Object.freeze({ longest, suffixLengths, mask, words, bytes })
}

function entrySize(patternLength: number): number {
  return fieldCount + Math.ceil(patternLength / wordBytes)
}

/** Where a pattern has its first `*`, from its beginning, or -1. */
function starOf(text: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (text[at] === asterisk) return at - start
  return -1
}

function hashOf(text: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let at = end - 1; at >= start; at--) hash = extendHash(hash, text[at] as number)
  return hash
}

/** The hash of a text one character longer at its front. Equal texts have equal hashes, unequal ones seldom. */
export function extendHash(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0
}

/** The hash of a pattern without `*`, of that of its text: it is not looked for among the ends of others. */
export function wholeHash(hash: number): number {
  return ~hash
}

/** Spreads the hash over its upper bits: its lower ones tell little of origins that differ in a digit. */
function chainOf(hash: number, mask: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 16) & mask
}

/** The first entry that lists `origin` by a pattern of this hash, or 0. */
export function firstListing(index: OriginIndex, hash: number, origin: string): number {
  return listingFrom(index, index.words[chainOf(hash, index.mask)] as number, hash, origin)
}

/** The next after `entry`, which is one of them, or 0. Its rule is the same or a later one. */
export function nextListing(index: OriginIndex, entry: number, hash: number, origin: string): number {
  return listingFrom(index, index.words[entry + field.next] as number, hash, origin)
}

/** The rule of an entry: its place in the bucket's configuration. */
export function ruleOf({ words }: OriginIndex, entry: number): number {
  return words[entry + field.rule] as number
}

function listingFrom(index: OriginIndex, from: number, hash: number, origin: string): number {
  const { words } = index
  let entry = from
  while (entry !== 0 && !(words[entry + field.hash] === hash && lists(index, entry, origin))) {
    entry = words[entry + field.next] as number
  }
  return entry
}

/** Compares the pattern itself: anchored at both ends, as `matches` in wildcard.ts. */
function lists({ words, bytes }: OriginIndex, entry: number, origin: string): boolean {
  const length = words[entry + field.length] as number
  const star = words[entry + field.star] as number
  if (star === -1 ? origin.length !== length : origin.length < length) return false
  const start = (entry + fieldCount) * wordBytes
  const shift = origin.length - length
  for (let at = 0; at < length; at++) {
    if (bytes[start + at] !== origin.charCodeAt(at < star ? at : at + shift)) return false
  }
  return true
}
