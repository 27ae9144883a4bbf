import { isAscii } from '../patterns/field-value.ts'
import { isPublicSuffix } from './public-suffix.ts'
import type { RuleIssueReason } from './rule.ts'

/** What a person will regret about one AllowedOrigins value. */
export interface OriginWarning {
  readonly reason: RuleIssueReason
  readonly message: string
  readonly allowed: string
}

/** Every warning about one value of AllowedOrigins. S3 compares bytes: what a browser never sends never matches. */
export function lintOrigin(value: string): readonly OriginWarning[] {
  if (value === '*') return []
  if (value === 'null') return [nullOrigin]
  const parts = takeApart(value)
  return [
    insecure(parts),
    localFile(parts),
    nonAscii(value),
    upperCase(parts),
    defaultPort(parts),
    pathOrUserinfo(parts),
    publicWildcard(parts),
  ].filter(warning => warning !== undefined)
}

/** An AllowedOrigins value taken apart as far as it looks like an origin: for warnings only, never for a decision. */
interface OriginPattern {
  /** Before `://`; undefined when there is none. */
  readonly scheme: string | undefined
  /** From there to the port, the path or the end; a userinfo stays in it. */
  readonly host: string
  /** Digits or `*` after the last colon. */
  readonly port: string | undefined
  /** From the first `/`, `?` or `#` after the host. */
  readonly path: string
}

const nullOrigin: OriginWarning = {
  reason: 'null-origin',
  message: '"null" is the origin of every sandboxed frame, of local files and of some redirects, so anyone can have it',
  allowed: 'the origin of a page that is served over https',
}

function insecure({ scheme, host }: OriginPattern): OriginWarning | undefined {
  if (scheme !== 'http' && scheme !== 'http*' && scheme !== '*') return undefined
  if (isLoopback(host)) return undefined
  return {
    reason: 'insecure-origin',
    message: 'pages of an http:// origin can be changed on their way by anyone on the network',
    allowed: 'the https:// origin',
  }
}

function localFile({ scheme }: OriginPattern): OriginWarning | undefined {
  if (scheme !== 'file') return undefined
  return {
    reason: 'null-origin',
    message:
      'local files have no origin of their own: browsers send "null" for them, some apps "file://" for every file',
    allowed: nullOrigin.allowed,
  }
}

function nonAscii(value: string): OriginWarning | undefined {
  if (isAscii(value)) return undefined
  return {
    reason: 'non-ascii',
    message: 'browsers send host names in ASCII, so this never matches',
    allowed: 'the host name in its xn-- form',
  }
}

function upperCase({ scheme = '', host }: OriginPattern): OriginWarning | undefined {
  if (!/[A-Z]/.test(scheme) && !/[A-Z]/.test(host)) return undefined
  return {
    reason: 'upper-case',
    message: 'browsers send scheme and host in lower case, and S3 compares bytes, so this never matches',
    allowed: 'the same in lower case',
  }
}

function defaultPort({ scheme, port }: OriginPattern): OriginWarning | undefined {
  const usual = (scheme === 'http' && port === '80') || (scheme === 'https' && port === '443')
  if (!usual) return undefined
  return {
    reason: 'default-port',
    message: `browsers leave out the port :${port} of ${scheme}, and S3 compares bytes, so this never matches`,
    allowed: 'the same without the port',
  }
}

function pathOrUserinfo({ host, path }: OriginPattern): OriginWarning | undefined {
  if (path === '/') {
    return {
      reason: 'trailing-slash',
      message: 'an origin has no slash at its end, and S3 compares bytes, so this never matches',
      allowed: 'the same without the slash',
    }
  }
  if (path === '' && !host.includes('@')) return undefined
  return {
    reason: 'path-or-userinfo',
    message: 'an origin is scheme, host and port only, and S3 compares bytes, so this never matches',
    allowed: 'scheme://host or scheme://host:port',
  }
}

/**
 * A `*` whose host part anyone can register: `https://*`, `https://*.com`, `https://*.github.io`, and `https://*example.com`,
 * which matches `https://evilexample.com` as well.
 */
function publicWildcard({ scheme, host }: OriginPattern): OriginWarning | undefined {
  const star = host.indexOf('*')
  if (star === -1) return undefined
  const tail = host.slice(star + 1).toLowerCase()
  const dot = tail.indexOf('.')
  const open = dot === -1 ? !isLoopback(tail) : isPublicSuffix(tail.slice(dot + 1)) && !isLoopback(tail)
  if (!open) return undefined
  return {
    reason: 'public-wildcard',
    message: 'anyone can get a host name that this matches',
    allowed: `the domain written out after the *, such as ${scheme === undefined ? '' : 'https://'}*.my-app.example.com`,
  }
}

/** Takes `value` apart. A `*` may stand anywhere, so no URL parser can. */
function takeApart(value: string): OriginPattern {
  const schemeEnd = value.indexOf('://')
  const scheme = schemeEnd === -1 ? undefined : value.slice(0, schemeEnd)
  const rest = schemeEnd === -1 ? value : value.slice(schemeEnd + 3)
  const pathStart = rest.search(/[/?#\\]/)
  const authority = pathStart === -1 ? rest : rest.slice(0, pathStart)
  const path = pathStart === -1 ? '' : rest.slice(pathStart)
  const port = /:([0-9]*|\*)$/.exec(authority)
  return {
    scheme,
    host: port === null ? authority : authority.slice(0, port.index),
    port: port?.[1],
    path,
  }
}

/** Says whether `host` is this machine itself, where `http://` is as good as `https://`. */
function isLoopback(host: string): boolean {
  const name = host.toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(name)
}
