import { shortened } from '../../text/shortened.ts'
import { isAscii } from '../patterns/field-value.ts'
import type { RuleIssueReason } from '../rules/rule.ts'
import { isBlockedPort } from './blocked-port.ts'
import {
  browserOrigin,
  isLoopback,
  isPageless,
  meantScheme,
  takeApart,
  type WrittenOrigin,
  withoutWrapping,
} from './browser-origin.ts'
import { insecure, type OriginWarning, tooWide } from './origin-reach.ts'
import { findTemplate } from './origin-template.ts'

/**
 * The one warning about a value of AllowedOrigins that matters most. S3 compares bytes: what a browser never sends never matches,
 * and then it does not matter what else the value would let in.
 */
export function lintOrigin(value: string): OriginWarning | undefined {
  if (value === '*') return undefined
  if (value === 'null') return nullOrigin
  if (value.length > longestOrigin) return tooLong
  if (plainOrigin.test(value) && !value.includes('xn--')) return insecure(takeApart(value))
  return neverSent(value) ?? tooWide(takeApart(value))
}

/** What nearly every value is, told without the rest: there may be thousands. */
const plainOrigin = /^https?:\/\/(?:[a-z0-9][a-z0-9-]*\.)+[a-z]+$/

/** A host name has 253 characters at most, https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4; this bounds the work on others. */
const longestOrigin = 1024

/** Characters of a part that a message shows. */
const mostShown = 60

const tooLong: OriginWarning = {
  reason: 'impossible-host',
  message: `no browser sends an origin of more than ${longestOrigin} characters, so this never matches`,
  allowed: 'one origin, such as https://app.example.com',
}

const nullOrigin: OriginWarning = {
  reason: 'null-origin',
  message:
    '"null" is the origin of every sandboxed frame, of local files and of some redirects, so every page can have it',
  allowed: 'the origin of a page that is served over https',
}

const localFile: OriginWarning = {
  reason: 'null-origin',
  message: 'local files have no origin of their own: browsers send "null" for them, some apps "file://" for every file',
  allowed: nullOrigin.allowed,
}

/** Whether no browser sends `value`, which holds no `*`, as an Origin. */
export function isNeverSent(value: string): boolean {
  return value !== 'null' && (value.length > longestOrigin || (!plainOrigin.test(value) && reasonOf(neverSent(value))))
}

/** `file://` is sent by some apps. */
function reasonOf(warning: OriginWarning | undefined): boolean {
  return warning !== undefined && warning.reason !== 'null-origin'
}

/** Why no browser sends what the value matches. */
function neverSent(value: string): OriginWarning | undefined {
  if (value.trim() === '') {
    const message = 'no browser sends an empty Origin, so this never matches'
    return { reason: 'empty-origin', message, allowed: 'an origin, such as https://app.example.com' }
  }
  const several = severalOrigins(value)
  if (several !== undefined) {
    const message = 'several origins stand in one value, so this never matches'
    return { reason: 'several-origins', message, allowed: `each as a value of its own: ${several}` }
  }
  const inner = withoutWrapping(value)
  if (inner !== value && /^(?:[a-z][a-z0-9+.-]*:\/\/|[\w*-]+\.)[^<>{}]+$/i.test(inner)) {
    return never('wrapped-origin', 'blanks, quotes and brackets are part of the value', inner)
  }
  const template = findTemplate(value)
  if (template !== undefined) return { ...template, message: `${template.message}, so this never matches` }
  if (/^null$/i.test(value)) {
    return {
      reason: 'upper-case',
      message: 'browsers send "null" in lower case, so this never matches',
      allowed: nullOrigin.allowed,
    }
  }
  if (/^file:/i.test(value)) return localFile
  if (/^(?:data|about|javascript|content|filesystem):/i.test(value)) {
    const message = 'pages of this scheme send "null", so this never matches, and every page can have that origin'
    return { reason: 'wrong-scheme', message, allowed: nullOrigin.allowed }
  }
  if (/^blob:/i.test(value))
    return never('wrong-scheme', 'a page of a blob: URL has the origin that stands in it', value)
  const parts = takeApart(value)
  return !parts.scheme || slashesBut(value) ? withoutScheme(value) : withScheme(value, parts, parts.scheme)
}

function never(reason: RuleIssueReason, why: string, written: string, lead = ''): OriginWarning {
  const sent = browserOrigin(written)
  const message = `${why}, and S3 compares bytes, so this never matches`
  if (sent === undefined || sent === 'null')
    return { reason, message, allowed: 'scheme://host or scheme://host:port, as the address bar has it' }
  const note = insecure(takeApart(sent)) === undefined ? '' : ', or better its https:// origin'
  return { reason, message, allowed: `${lead}${JSON.stringify(sent)}${note}` }
}

/** `https:/host` and `https:///host` are told as what lacks its scheme is. */
function slashesBut(value: string): boolean {
  return /^(?:https?|wss?):(?:\/\/\/|(?!\/\/)[^*])/i.test(value)
}

function withoutScheme(value: string): OriginWarning | undefined {
  if (value.startsWith('.')) return emptyLabel(`https://${value}`)
  const star = value.indexOf('*')
  const before = star === -1 ? value : value.slice(0, star)
  // What could go on with `://` or is the start of nothing else.
  if (star !== -1 && /^(?:[a-z][a-z0-9+-]*)?(?::\/?)?$/.test(before) && !/^(?:localhost|null):/.test(before)) {
    return /\//.test(value.slice(star).replace(/^\*:?\/{0,2}(?=[^/])/, ''))
      ? never('path-or-userinfo', 'an origin is scheme, host and port only', value)
      : undefined
  }
  const warning = never('no-scheme', 'browsers send scheme://host[:port]', value)
  const isLocal = isLoopback(takeApart(value).host) && warning.allowed.startsWith('"http:')
  return isLocal ? { ...warning, allowed: `${warning.allowed}, or https:// where the page is served so` } : warning
}

function withScheme(value: string, parts: WrittenOrigin, scheme: string): OriginWarning | undefined {
  const { host, port, path } = parts
  const lower = scheme.toLowerCase()
  if (isPageless(lower)) return never('wrong-scheme', `browsers load no page by ${lower}`, value)
  if (lower === 'ws' || lower === 'wss')
    return never('wrong-scheme', `a page that opens ${lower}:// has an http or https origin`, value)
  if (path === '/')
    return never('trailing-slash', 'an origin has no slash at its end', value, 'the same without the slash: ')
  if (path !== '' || host.includes('@'))
    return never('path-or-userinfo', 'an origin is scheme, host and port only', value)
  if (scheme !== lower) return never('upper-case', 'browsers send the scheme in lower case', value)
  if (scheme.includes('*')) return undefined
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) return never('wrong-scheme', 'this is no scheme that a browser knows', value)
  if (lower !== 'http' && lower !== 'https') return otherScheme(lower, value)
  if (/[A-Z]/.test(host)) return never('upper-case', 'browsers send scheme and host in lower case', value)
  if (!isAscii(value)) return never('non-ascii', 'browsers send host names in ASCII (xn--)', value)
  if (/^\.|\.\./.test(host)) return emptyLabel(value)
  // A `*` may stand for any part of an IPv6 address, its brackets included.
  if (value.includes('*') && /[[\]]/.test(value)) return undefined
  const address = port === undefined ? host : `${host}:${port}`
  if (/^[^[]*:[^[]*:|^\[[^\]]*$/.test(address)) {
    const closed = address.startsWith('[') ? `${value}]` : value
    return never('impossible-host', 'an IPv6 address stands in brackets', closed)
  }
  if ((lower === 'http' && port === '80') || (lower === 'https' && port === '443')) {
    return never(
      'default-port',
      `browsers leave out the port :${port} of ${lower}`,
      value,
      'the same without the port: ',
    )
  }
  if (port !== undefined && port !== '*') {
    if (!/^(?:0|[1-9][0-9]{0,4})$/.test(port.replace('*', '1')) || Number(port.replace('*', '')) > 65_535) {
      const warning = never('impossible-port', `no browser sends ":${shortened(port, mostShown)}" as a port`, value)
      return warning.allowed.startsWith('"') ? warning : { ...warning, allowed: 'a port from 1 to 65535, or none' }
    }
    if (isBlockedPort(port)) {
      return {
        reason: 'impossible-port',
        message: `browsers load no page from port ${port}, so this never matches`,
        allowed: 'another port',
      }
    }
  }
  if (!/^(?:[a-z0-9._*%-]+|\[[0-9a-f:.*]+\])$/.test(host)) {
    const written = value.replace(/:\/\/\s+/, '://').replace(/[\s,;!]+$/, '')
    const why = `no host is called ${JSON.stringify(shortened(host, mostShown))}`
    return never('impossible-host', why, /[^\w.*:[\]/-]/.test(written) ? '' : written)
  }
  const sent = browserOrigin(value)
  if (sent === value) return undefined
  // A `*` may stand for what makes an address of the rest.
  if (sent === undefined && value.includes('*') && /^[a-z0-9._:[\]*-]*$/.test(host)) return undefined
  const why =
    sent === undefined ? `no host is called ${JSON.stringify(host)}` : 'browsers send another form of this host'
  return never('impossible-host', why, value)
}

function otherScheme(scheme: string, value: string): OriginWarning | undefined {
  return meantScheme(scheme) === undefined
    ? undefined
    : never('wrong-scheme', `no page has the scheme ${scheme}:`, value)
}

/** `https://.example.com`, as cookies have it. */
function emptyLabel(value: string): OriginWarning {
  const start = value.indexOf('://') + 3
  const rest = value
    .slice(start)
    .replace(/^\.+/, '')
    .replace(/\.{2,}/g, '.')
  const subdomains = value[start] === '.' && !rest.startsWith('*') ? '*.' : ''
  return never(
    'impossible-host',
    'no host has an empty label between dots',
    `${value.slice(0, start)}${subdomains}${rest}`,
  )
}

/** Each origin of a list in one value; undefined for one origin. */
export function severalOrigins(value: string): string | undefined {
  const parts = withoutWrapping(value)
    .split(/[\s,;|]+/)
    .filter(part => part !== '')
  if (
    parts.length < 2 ||
    !parts.every(part => /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[\w*-]+[.:][\w*-]|localhost|\[)/i.test(part))
  ) {
    return undefined
  }
  const origins = parts.map(part => JSON.stringify(browserOrigin(part) ?? part))
  return `${origins.slice(0, 10).join(', ')}${origins.length > 10 ? ' …' : ''}`
}
