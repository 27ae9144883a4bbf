// The objects every client puts: the same bytes in every run.

import { createHash } from 'node:crypto'

/** Bytes that no compression or charset conversion leaves alone, made from `seed`. */
function bytesFrom(seed: string, length: number): Buffer {
  const block = createHash('sha512').update(seed).digest()
  return Buffer.alloc(length, block)
}

export const small = {
  key: 'plain.txt',
  body: Buffer.from('The quick brown fox jumps over the lazy dog.\n'.repeat(30)),
}

/** Characters that clients, signatures and proxies have disagreed about. */
export const awkward = { key: "a folder/ä+b & c=d%20'(1)!~*@:,;$.bin", body: bytesFrom('awkward', 65_537) }

/** Two parts, the second one odd. */
export const large = { key: 'large.bin', body: bytesFrom('large', 6 * 1024 * 1024 + 1), partSize: 5 * 1024 * 1024 }
