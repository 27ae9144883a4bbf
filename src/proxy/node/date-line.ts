let line: string | undefined

/** The field line Date of now, with its CRLF: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7. Made once a second. */
export function dateLine(): string {
  if (line === undefined) {
    const now = new Date()
    line = `Date: ${now.toUTCString()}\r\n`
    setTimeout(() => {
      line = undefined
    }, 1000 - now.getMilliseconds()).unref()
  }
  return line
}
