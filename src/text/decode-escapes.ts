/** A part of a URL without its escapes; as it stands where one of them is malformed. */
export function decodeEscapes(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
