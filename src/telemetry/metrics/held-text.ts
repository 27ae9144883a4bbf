/** A shorter text is made for each scrape. */
const longLength = 128 * 1024
/** So many characters are taken to be made in a millisecond on a tenth of a core. */
const charactersPerMs = 5000

/**
 * Makes a text for each scrape. A long one is kept for as long as it takes that making it costs no more than a tenth of a
 * core, however many ask how often: scrapers need no token.
 */
export function holdLongText(make: () => Promise<string>, now: () => number): () => Promise<string> {
  let held: Promise<string> | undefined
  let untilMs = 0
  let isLong = false
  return () => {
    if (held !== undefined && now() < untilMs) return held
    const made = make()
    if (isLong) {
      held = made
      untilMs = Number.POSITIVE_INFINITY
    }
    return made.then(
      text => {
        isLong = text.length >= longLength
        held = isLong ? made : undefined
        untilMs = now() + text.length / charactersPerMs
        return text
      },
      error => {
        held = undefined
        throw error
      },
    )
  }
}
