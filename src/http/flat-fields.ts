/** Field lines as names and values in turn, after those of `flat`. Each line is `name: value` with its CRLF, and holds no other. */
export function flatFields(lines: string, flat: string[] = []): string[] {
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf('\r\n', start)
    const colon = lines.indexOf(':', start)
    flat.push(lines.slice(start, colon), lines.slice(colon + 2, end))
    start = end + 2
  }
  return flat
}
