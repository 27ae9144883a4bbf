// Which request fields a page may send without asking, https://fetch.spec.whatwg.org/#cors-safelisted-request-header.

const longestValue = 128

/** https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte */
const unsafe = /[^\t\x20-\x7e\x80-\uffff]|["():<>?@[\\\]{}]/

const formTypes = /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)[ \t]*(?:;|$)/i

/** Says whether no preflight asks for a field with this value. */
export function isSafelistedField(name: string, value: string): boolean {
  if (value === '' || value.length > longestValue) return false
  switch (name.toLowerCase()) {
    case 'accept':
      return !unsafe.test(value)
    case 'accept-language':
    case 'content-language':
      return /^[\w *,.;=-]*$/.test(value) && !value.includes('_')
    case 'content-type':
      return !unsafe.test(value) && formTypes.test(value)
    case 'range':
      return /^bytes=\d+-\d*$/.test(value)
    default:
      return false
  }
}
