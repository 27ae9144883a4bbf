import { ownCopy } from '../../text/own-copy.ts'

/** Longer strings of a client are not kept: a request's header lines may have 64 KiB, times every place of a table. */
const maxKeptLength = 1024

/** A copy of `text`, unless it is too long to be kept. */
export function keepText(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= maxKeptLength ? ownCopy(text) : undefined
}

/** Whether there is nothing new to keep. */
export function isSameList(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}
