/** What S3 calls `x-amz-request-id` (RequestId in a body) and `x-amz-id-2` (HostId). */
export interface RequestIds {
  /** 16 upper-case hexadecimal digits, different for every request of this process. */
  readonly requestId: string
  /** Base64, the same for every request of this process: it tells which replica answered. */
  readonly hostId: string
}

/**
 * Makes the function that numbers requests: a 64-bit counter from a random start, its lower half scrambled so that two ids do
 * not tell at a glance how many requests lay between them. `randomBytes` is asked once, never per request.
 */
export function createRequestIds(randomBytes: (size: number) => Uint8Array): () => RequestIds {
  const seed = Buffer.from(randomBytes(8 + 48))
  const hostId = seed.toString('base64', 8)
  let high = seed.readUInt32BE(0)
  let low = seed.readUInt32BE(4)
  let prefix = toHex(high)
  return () => {
    // An odd factor maps the numbers modulo 2^32 one to one, so that no id comes twice.
    const requestId = prefix + toHex(Math.imul(low, 0x9e3779b1) >>> 0)
    low = (low + 1) >>> 0
    if (low === 0) {
      high = (high + 1) >>> 0
      prefix = toHex(high)
    }
    return { requestId, hostId }
  }
}

const hexOfByte: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).toUpperCase().padStart(2, '0'),
)

/** Of 32 bits. Every answer of our own asks for one: `toString(16)` would make three strings (`bench --scenario preflight`). */
function toHex(value: number): string {
  return (
    (hexOfByte[value >>> 24] as string) +
    (hexOfByte[(value >>> 16) & 0xff] as string) +
    (hexOfByte[(value >>> 8) & 0xff] as string) +
    (hexOfByte[value & 0xff] as string)
  )
}
