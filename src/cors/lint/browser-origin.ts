import { nearest } from '../../text/nearest-word.ts'

/** What a person wrote for an origin, taken apart as far as it looks like one: for advice only, never for a decision. */
export interface WrittenOrigin {
  /** As it was written, before `://`; undefined when there is none. */
  readonly scheme: string | undefined
  /** From there to the port, the path or the end; a userinfo stays in it. */
  readonly host: string
  /** What follows the last colon; undefined when there is none. */
  readonly port: string | undefined
  /** From the first `/`, `?`, `#` or `\` after the host. */
  readonly path: string
}

/** Takes `value` apart. A `*` may stand anywhere, so no URL parser can. */
export function takeApart(value: string): WrittenOrigin {
  const schemeEnd = value.indexOf('://')
  const scheme = schemeEnd === -1 ? undefined : value.slice(0, schemeEnd)
  const rest = schemeEnd === -1 ? value : value.slice(schemeEnd + 3)
  const pathStart = rest.search(/[/?#\\]/)
  const authority = pathStart === -1 ? rest : rest.slice(0, pathStart)
  const path = pathStart === -1 ? '' : rest.slice(pathStart)
  const port = /:([^:[\]@]*)$/.exec(authority)
  const host = port === null ? authority : authority.slice(0, port.index)
  return { scheme, host, port: port?.[1], path }
}

/** What people have around an origin that they copy: blanks, quotes and brackets. */
export function withoutWrapping(text: string): string {
  let inner = text.trim()
  for (const [open, close] of wrappings) {
    if (inner.length > 1 && inner.startsWith(open) && inner.endsWith(close)) inner = inner.slice(1, -1).trim()
  }
  return inner
}

const wrappings = [
  ['[', ']'],
  ['<', '>'],
  ['(', ')'],
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
  ['“', '”'],
  ['‘', '’'],
  ['«', '»'],
] as const

/**
 * What a browser sends as Origin from a page at what a person wrote: an address with a path, a host without a scheme, other
 * letters, a port that says nothing. A `*` stays where it is. Undefined where no browser sends anything for it.
 *
 * https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin
 */
export function browserOrigin(written: string): string | undefined {
  const text = withBrackets(withoutWrapping(written))
  if (/^null(?:\/|$)/i.test(text) || /^(?:data|about|javascript|file|content|filesystem):/i.test(text)) return 'null'
  if (/^(?:mailto|tel|sms|arn):/i.test(text) || notOfHost.test(text)) return undefined
  const inner = /^(?:blob|view-source):(.*)$/is.exec(text)?.[1]
  if (inner !== undefined) return browserOrigin(inner)
  const slashes =
    /^(https?|wss?)[:;.,]?[\\/]+(?=[^\\/])/i.exec(text) ?? /^(https?|wss?):(?=[^/:]*[a-z][^/:]*\.)/i.exec(text)
  const { scheme, host, port, path } = takeApart(
    slashes === null ? text.replace(/^:?\/\//, '') : `${slashes[1]}://${text.slice(slashes[0].length)}`,
  )
  if (scheme === undefined) {
    const plain = port === '80' || (port !== '443' && (isLoopback(host) || isAddress.test(host)))
    return host === '' ? undefined : webOrigin(plain ? 'http' : 'https', host, port, path)
  }
  switch (scheme.toLowerCase()) {
    case 'http':
    case 'ws':
      return webOrigin('http', host, port, path)
    case 'https':
    case 'wss':
      return webOrigin('https', host, port, path)
    default: {
      if (isPageless(scheme)) return undefined
      const meant = meantScheme(scheme)
      if (meant !== undefined) return webOrigin(meant, host, port, path)
      if (!/^[a-z][a-z0-9+.-]*$/i.test(scheme)) return undefined
      const end = port === undefined ? '' : `:${port}`
      return `${scheme.toLowerCase()}://${host.slice(host.lastIndexOf('@') + 1)}${end}`
    }
  }
}

/** What people write where no host is: a port, a scheme, the text of a variable without a value. */
const notOfHost = /^(?:\d+|https?|undefined|none|all|any|every(?:one|thing)?|self|same-?origin|true|false)$/i

/** Whether browsers load no page by the scheme, which names files and objects of other programs. */
export function isPageless(scheme: string): boolean {
  return /^(?:s?ftps?|s3[an]?|gs|oss|ssh|git|tcp)$/i.test(scheme)
}

/** Right as they are, or near to http by their letters alone. */
const knownSchemes: ReadonlySet<string> = new Set([
  'http',
  'https',
  'app',
  'tauri',
  'ionic',
  'capacitor',
  'resource',
  'chrome',
])

/** The scheme of pages that a misspelt one is meant for: `htps`. */
export function meantScheme(scheme: string): string | undefined {
  const lower = scheme.toLowerCase()
  return /^[a-z]+$/.test(lower) && !knownSchemes.has(lower) ? nearest(lower, ['https', 'http']) : undefined
}

/** `[::1]:3000` for `::1:3000`: the last group is a port where it looks like one and an address is left. */
function withBrackets(text: string): string {
  const found = /^((?:https?|wss?):\/\/)?([\da-f]*:[\da-f]*:[\da-f:.]*)(?=[/?#]|$)/i.exec(text)
  if (found === null) return text
  const [all, start = '', address = ''] = found
  const [, before = '', port] = /^(.*[\da-f]):(\d{3,5})$/i.exec(address) ?? []
  if (URL.canParse(`http://[${before}]`)) return `${start}[${before}]:${port}${text.slice(all.length)}`
  return URL.canParse(`http://[${address}]`) ? `${start}[${address}]${text.slice(all.length)}` : text
}

/** Of a development machine, as a rule, which has no certificate. */
const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/

/** A label for the `*`, which no URL may hold. */
const mask = 'star0in0place'

function webOrigin(scheme: string, host: string, port: string | undefined, path: string): string | undefined {
  const start = host.slice(host.lastIndexOf('@') + 1)
  if (start === '' || start.includes(mask)) return undefined
  const isAnyPort = port === '*'
  const end = port === undefined || port === '' || isAnyPort ? '' : `:${port}`
  const url = `${scheme}://${start.replace('*', mask)}${end}${path.replaceAll('*', '')}`
  if (!URL.canParse(url)) return undefined
  return `${new URL(url).origin.replace(mask, '*')}${isAnyPort ? ':*' : ''}`
}

/** Says whether `host` is this machine itself, where `http://` is as good as `https://`. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(name)
}
