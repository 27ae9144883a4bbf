// What may be printed of strings that a client or an endpoint sent. Nothing else prints them.

/** The parameters of S3 whose values are no secret and say what was asked for. */
const shownParameters: ReadonlySet<string> = new Set([
  'list-type',
  'max-keys',
  'max-parts',
  'max-uploads',
  'partnumber',
  'part-number-marker',
  'encoding-type',
  'delimiter',
  'fetch-owner',
  'x-id',
])

/** Parameters without a value that name a part of a bucket or of an object. */
const subresources: ReadonlySet<string> = new Set([
  'acl',
  'accelerate',
  'analytics',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'inventory',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipcontrols',
  'policy',
  'policystatus',
  'publicaccessblock',
  'replication',
  'requestpayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'uploads',
  'versioning',
  'versions',
  'website',
])

/** A request line's worth of path is enough to know the object by. */
const maxPathLength = 1024

/** A value with any of `&;=?%` in it could carry another parameter for some other reader; such values are not printed. */
const plainValue = /^[A-Za-z0-9._~/-]{0,64}$/
const plainName = /^[A-Za-z0-9._~-]{1,64}$/

function redactParameter(parameter: string): string {
  const equals = parameter.indexOf('=')
  const name = equals < 0 ? parameter : parameter.slice(0, equals)
  // A name that is encoded or long may be a value in disguise (`x%2Damz%2Dsignature%3D…`).
  if (!plainName.test(name)) return '***'
  const known = name.toLowerCase()
  if (equals < 0) return subresources.has(known) ? name : '***'
  const value = parameter.slice(equals + 1)
  if (value === '') return `${name}=`
  return shownParameters.has(known) && plainValue.test(value) ? parameter : `${name}=***`
}

/** At most this many parameters are printed. */
const maxParameters = 16

/**
 * The request-target with the value of every query parameter removed but for a few that cannot be secret. A list of what
 * is secret would have to know every endpoint's parameters and every way to write them.
 */
export function redactTarget(target: string): string {
  const question = target.indexOf('?')
  const end = question < 0 ? target.length : question
  const path = target.slice(0, Math.min(end, maxPathLength)).replace(/\/\/[^/@]*@/, '//***@')
  // What is cut may be the name and password of a URL, whose @ is beyond.
  const shortPath = end > maxPathLength ? `${path.replace(/\/\/[^/@]*$/, '//***')}...` : path
  if (question < 0) return shortPath
  const parameters = target.slice(question + 1).split('&', maxParameters + 1)
  const shown = parameters.slice(0, maxParameters).map(redactParameter)
  if (parameters.length > maxParameters) shown.push('...')
  return `${shortPath}?${shown.join('&')}`
}

/** `name` with every character that may be percent-encoded in a query: `-` and `_` are written either way. */
function encodable(name: string): string {
  return name.replaceAll('-', '(?:-|%2[dD]|_)')
}

const secretNames = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-credential',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-copy-source-server-side-encryption-customer-key',
  'awsaccesskeyid',
  'signature',
  'credential',
  'x-amz-s3session-token',
  'secret(?:-?access)?-?key',
  'session-?token',
  'access-?token',
  'password',
  'token',
].map(encodable)

/** A secret's name, then `:` or `=` (also encoded or in JSON), then its value to the end of what can be one. */
const namedSecret = new RegExp(
  `((?:${secretNames.join('|')})(?:-md5)?["']?\\s*(?:[:=]|%3[aAdD])\\s*["']?)((?:(?:Bearer|Basic|AWS4-[A-Z0-9-]+|AWS)\\s+)?[^\\s"'&;<>]+)`,
  'gi',
)
const authorizationScheme = /\b(Bearer|Basic|AWS4-[A-Z0-9-]+|AWS)\s+[A-Za-z0-9+/=._:-]{8,}/g
/** Base64 of `{"`: the policy of a POST form, a JWT. */
const encodedObject = /\beyJ[A-Za-z0-9+/=_.-]{16,}/g
const userinfo = /\/\/[^/\s@]*@/g
/** Without one of these none of the patterns here can match: most strings are read once, not five times. */
const suspicious = /[:=\s@]|%3|eyJ/
const lineOfCookies = /((?:set-)?cookie["']?\s*[:=]\s*)[^\r\n"]+/gi

/** A secret shorter than this would blank out half of every message, and is none. */
export const minSecretLength = 8

/** Text of an error or a warning without anything that looks like a secret by its name, nor any of `secrets`. */
export function redactText(text: string, secrets: readonly string[] = []): string {
  let redacted = text
  for (const secret of secrets) {
    if (secret.length >= minSecretLength) redacted = redacted.replaceAll(secret, '***')
  }
  if (!suspicious.test(redacted)) return redacted
  return redacted
    .replace(lineOfCookies, '$1***')
    .replace(namedSecret, '$1***')
    .replace(authorizationScheme, '$1 ***')
    .replace(encodedObject, '***')
    .replace(userinfo, '//***@')
}
