/** More than any operation of S3 has, a presigned URL that carries its fields (`x-amz-meta-…`) included. Each costs work. */
const maxParameters = 128

/** The parameters of a query, which begins after its `?`; undefined where there are more than any operation has. */
export function parametersOf(query: string, separator: '&' | RegExp): readonly string[] | undefined {
  const parameters = query.split(separator, maxParameters + 1)
  return parameters.length > maxParameters ? undefined : parameters
}

const percent = 0x25

/**
 * `text`, each character a byte, percent-decoded once. What is no escape stays,
 * and bytes that are not of the encoding do no harm: `decodeURIComponent` throws for each, and a query has room for a hundred of them.
 */
export function decodeBytes(text: string, encoding: 'latin1' | 'utf8'): string {
  const first = text.indexOf('%')
  if (first === -1) return text
  const bytes = Buffer.from(text, 'latin1')
  let end = first
  for (let at = first; at < bytes.length; at++) {
    const byte = bytes[at] as number
    const high = byte === percent ? digitOf(bytes[at + 1]) : -1
    const low = high === -1 ? -1 : digitOf(bytes[at + 2])
    if (low === -1) bytes[end++] = byte
    else {
      bytes[end++] = high * 16 + low
      at += 2
    }
  }
  return bytes.toString(encoding, 0, end)
}

/** The value of a hexadecimal digit; -1 for what is none. */
function digitOf(code: number | undefined): number {
  if (code === undefined) return -1
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
