// Which Origin values may become a metric label or a row of the admin page under their own name.

/**
 * The bound on a label: a host name has at most 253 characters (RFC 1035 §2.3.4), so a longer origin is no real web origin.
 */
const maxOriginLength = 255

/**
 * scheme "://" host [":" port], as https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin makes it: lower case, no
 * path. The host is narrower than what the URL standard lets through (`!`, `$`, `~` …): such hosts are not seen in the
 * wild, and everything outside this set would have to be escaped somewhere.
 */
const serialisedOrigin = /^[a-z][a-z0-9+.-]{0,31}:\/\/(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/

/**
 * What apps and extensions send, whose schemes are not special (https://url.spec.whatwg.org/#special-scheme): browsers do not
 * lower-case their hosts (`app://MyApp`), and there may be none (`file://`, which Android's WebView sends).
 */
const otherOrigin = /^(?!(?:https?|wss?|ftp):)[a-z][a-z0-9+.-]{0,31}:\/\/[A-Za-z0-9._-]*(?::[0-9]{1,5})?$/

// The last one that was: a page makes more than one request.
let known = 'null'

/** Says whether `origin` is `null` or a serialised ASCII origin of bounded length. */
export function isSerialisedOrigin(origin: string): boolean {
  if (origin === known || origin === 'null') return true
  if (origin.length > maxOriginLength) return false
  if (!serialisedOrigin.test(origin) && !otherOrigin.test(origin)) return false
  known = origin
  return true
}
