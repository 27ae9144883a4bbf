/**
 * Whether a field of the endpoint says how long a cache may keep the response, or another name of that: beside Cache-Control,
 * nginx heeds X-Accel-Expires before all, and a CDN the field that is meant for it alone,
 * https://www.rfc-editor.org/rfc/rfc9213#section-3. The name is in lower case.
 */
export function isFreshnessField(name: string): boolean {
  switch (name) {
    case 'cache-control':
    case 'expires':
    case 'pragma':
    case 'surrogate-control':
    case 'edge-control':
    case 'x-accel-expires':
      return true
    default:
      return name.endsWith('-cache-control')
  }
}
