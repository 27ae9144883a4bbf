// Keeps clients away from the objects that hold managed rules.

/** True when a request may touch what the store holds, and is to be refused with 403. */
export type StoreGuard = (bucket: string, style: 'path' | 'virtual', method: string, target: string) => boolean

/**
 * Guards a prefix of the store's bucket. A key is compared as every endpoint might read it, and one that cannot be read plainly is
 * refused. POST to the bucket is refused altogether: its keys are in the body (form uploads, multi-object delete).
 */
export function createStoreGuard(storeBucket: string, prefix: string): StoreGuard {
  return (bucket, style, method, target) => {
    if (bucket !== storeBucket) return false
    const path = target.split('?', 1)[0] ?? ''
    const encoded = style === 'virtual' ? path.slice(1) : path.slice(1).split('/').slice(1).join('/')
    const key = decode(encoded)
    if (key === undefined) return true
    if (key === '') return method === 'POST' || (prefix === '' && method !== 'GET' && method !== 'HEAD')
    const segments = key.split('/').filter(segment => segment !== '' && segment !== '.')
    return segments.includes('..') || key.startsWith(prefix) || `${segments.join('/')}/`.startsWith(prefix)
  }
}

/** Decoded until nothing is left to decode: an endpoint, or something in front of it, might do so twice. */
function decode(text: string): string | undefined {
  let at = text
  for (let round = 0; round < 3; round++) {
    let next: string
    try {
      next = decodeURIComponent(at)
    } catch {
      return undefined
    }
    if (next === at) return at
    at = next
  }
  return undefined
}
