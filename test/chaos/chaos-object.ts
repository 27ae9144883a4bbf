import { createHash } from 'node:crypto'

// The contents of the chaos run are known to both ends by their names alone.

const pattern = createPattern()

/** The content of an object: any two objects differ, and so do any two parts of one. */
export function contentOf(id: number, size: number): Buffer {
  const content = Buffer.allocUnsafe(size)
  const start = (id * 7919) % pattern.length
  for (let at = 0; at < size; ) {
    const from = at === 0 ? start : 0
    at += pattern.copy(content, at, from, Math.min(pattern.length, from + size - at))
  }
  if (size >= 4) content.writeUInt32LE(id >>> 0, 0)
  return content
}

/** What both ends compare. */
export function hashOf(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 32)
}

/** The request-target of an object, from which the endpoint knows what to send and what has to come. */
export function targetOf(bucket: string, id: number, size: number): string {
  return `/${bucket}/object-${id}-${size}`
}

/** The object of a request-target; undefined for any other. */
export function objectOf(target: string): { readonly id: number; readonly size: number } | undefined {
  const match = /^\/[a-z]+\/object-(\d+)-(\d+)$/.exec(target)
  return match === null ? undefined : { id: Number(match[1]), size: Number(match[2]) }
}

function createPattern(): Buffer {
  const parts = Array.from({ length: 3000 }, (_, index) => createHash('sha256').update(`${index}`).digest())
  return Buffer.concat(parts)
}
