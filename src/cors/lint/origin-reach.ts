import type { RuleIssueReason } from '../rules/rule.ts'
import { isLoopback, type WrittenOrigin } from './browser-origin.ts'
import { isPublicSuffix } from './public-suffix.ts'

/** What a person will regret about one AllowedOrigins value. */
export interface OriginWarning {
  readonly reason: RuleIssueReason
  readonly message: string
  /** The value to write where there is one, in quotes. */
  readonly allowed: string
}

/** What the value lets in beside what was meant. */
export function tooWide(parts: WrittenOrigin): OriginWarning | undefined {
  return anyExtension(parts) ?? publicWildcard(parts) ?? insecure(parts)
}

/** What pages of an origin without TLS risk. */
export function insecure({ scheme, host, port }: WrittenOrigin): OriginWarning | undefined {
  const isPlain = scheme === 'http' || scheme === 'http*' || scheme === '*'
  if (scheme === undefined ? !host.includes('*') : !isPlain) return undefined
  if (isLoopback(scheme === undefined ? host.slice(host.indexOf('*') + 1) : host)) return undefined
  if (scheme === undefined) {
    const message = 'without a scheme, * stands for http:// too: every machine on the way can change such pages'
    return {
      reason: 'insecure-origin',
      message,
      allowed: JSON.stringify(`https://${host}${port === undefined ? '' : `:${port}`}`),
    }
  }
  return {
    reason: 'insecure-origin',
    message: 'every machine on the way can change the pages of an http:// origin',
    allowed: 'the https:// origin',
  }
}

const extensionSchemes: ReadonlySet<string> = new Set([
  'chrome-extension',
  'moz-extension',
  'safari-web-extension',
  'safari-extension',
  'ms-browser-extension',
  'extension',
])

function anyExtension({ scheme, host }: WrittenOrigin): OriginWarning | undefined {
  if (scheme === undefined || !extensionSchemes.has(scheme) || !host.includes('*')) return undefined
  if (scheme === 'moz-extension' || scheme === 'safari-web-extension') {
    const message =
      'every extension that a user has installed is allowed; this browser gives yours another ID in each installation, so that a rule cannot list it'
    return {
      reason: 'public-wildcard',
      message,
      allowed: `${scheme}://* if that is meant, or a page of your own over https`,
    }
  }
  const message = 'every extension that a user has installed is allowed'
  const example = scheme === 'chrome-extension' ? 'abcdefghijklmnopabcdefghijklmnop' : 'ID'
  return { reason: 'public-wildcard', message, allowed: `your extension's own ID: ${scheme}://${example}` }
}

/**
 * A `*` whose host part strangers can register: `https://*`, `https://*.com`, `https://*.github.io`, and `https://*example.com`,
 * which matches `https://evilexample.com` as well.
 */
function publicWildcard({ scheme, host, port, path }: WrittenOrigin): OriginWarning | undefined {
  if (scheme !== undefined && !/^(?:https?|.*\*.*)$/.test(scheme)) return undefined
  // `https:*` has its star where a port would be.
  const written =
    scheme === undefined && port?.includes('*') ? `${host}:${port}` : `${host}${scheme === undefined ? path : ''}`
  const star = written.indexOf('*')
  if (star === -1) return undefined
  const tail = written.slice(star + 1).toLowerCase()
  const dot = tail.indexOf('.')
  const open = dot === -1 ? !isLoopback(tail) : isPublicSuffix(tail.slice(dot + 1)) && !isLoopback(tail)
  if (!open) return undefined
  return {
    reason: 'public-wildcard',
    message: 'strangers can get a host name that this matches',
    allowed: 'the domain written out after the *, such as https://*.my-app.example.com',
  }
}
