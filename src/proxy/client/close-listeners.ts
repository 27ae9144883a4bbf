/** A listener that calls `first`, where there is one, and then `second`. Nearly all responses have one listener, which needs no list. */
export function inTurn(first: (() => void) | undefined, second: () => void): () => void {
  if (first === undefined) return second
  return () => {
    first()
    second()
  }
}
