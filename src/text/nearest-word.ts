/**
 * The candidate that a person most likely meant: the same letters in another case or with other separators, else the one
 * fewest edits away: one in three letters, at least two in words of four and more. Undefined when nothing is near.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const bare = (text: string) => text.toLowerCase().replace(/[-_.]/g, '')
  const same = candidates.find(candidate => bare(candidate) === bare(word))
  if (same !== undefined) return same
  let best: string | undefined
  let bestDistance = (word.length < 4 ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1
  for (const candidate of candidates) {
    // An edit distance is never less than the difference in length; this also bounds the work on absurd words.
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const distance = editDistance(bare(word), bare(candidate))
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Levenshtein's distance: insertions, deletions and replacements between two words. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const current = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[to.length] ?? 0
}
