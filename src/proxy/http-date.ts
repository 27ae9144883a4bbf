let date: string | undefined

/** The time of now as the field Date has it, https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7; made once a second. */
export function httpDate(): string {
  if (date === undefined) {
    const now = new Date()
    date = now.toUTCString()
    setTimeout(() => {
      date = undefined
    }, 1000 - now.getMilliseconds()).unref()
  }
  return date
}
