/** Where the element of a list-based field that begins at `start` ends: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1. */
export function elementEnd(line: string, start: number): number {
  const comma = line.indexOf(',', start)
  return comma === -1 ? line.length : comma
}
