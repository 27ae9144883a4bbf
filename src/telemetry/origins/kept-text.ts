/** Longer strings of a client are not kept: a request's header lines may have 64 KiB, times every place of a table. */
const maxKeptLength = 1024

/** `text`, unless it is too long to be kept. */
export function keepText(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= maxKeptLength ? text : undefined
}

/** `lines`, unless they are too long together. */
export function keepLines(lines: readonly string[] | undefined): readonly string[] | undefined {
  let length = 0
  for (const line of lines ?? []) length += line.length
  return length <= maxKeptLength ? lines : undefined
}
