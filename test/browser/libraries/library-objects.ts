// Small files of the formats that are read in ranges.

/** A page, and before its table of contents half a mebibyte that a reader in ranges need not take. */
export function pdf(): Buffer {
  const padding = 'x'.repeat(512 * 1024)
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 144 96] >>',
    `<< /Length ${padding.length} >>\nstream\n${padding}\nendstream`,
  ]
  let text = '%PDF-1.4\n'
  const offsets = objects.map((object, index) => {
    const offset = text.length
    text += `${index + 1} 0 obj\n${object}\nendobj\n`
    return offset
  })
  const entries = offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries}`
  return Buffer.from(`${text}${table}trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`, 'latin1')
}

/** One column `n` with 1, 2 and 3, as hyparquet-writer 0.16 writes it. */
export const parquet = Buffer.from(
  'UEFSMRUGFRwVHFwVBhUAFQYVABUEFQAAAAMHAQAAAAIAAAADAAAAFQQZLEgEcm9vdBUCABUCJQIYAW4AFgYZHBkcJggcFQIZFQAZGAFuFQAWBhZGFkYmCAAAFkYWBjZGACgJaHlwYXJxdWV0GRwcAAAASwAAAFBBUjE=',
  'base64',
)

const tile = 'a tile'

/** One tile, `0/0/0`. https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md */
export function pmtiles(): Buffer {
  const headerBytes = 127
  // One entry: its tile, how many follow with the same, its length, and its offset and one.
  const directory = Buffer.from([1, 0, 1, tile.length, 1])
  const metadata = Buffer.from('{}')
  const sections = [directory.length, metadata.length, 0, tile.length]
  const header = Buffer.alloc(headerBytes)
  header.write('PMTiles')
  header[7] = 3
  let offset = headerBytes
  for (const [index, length] of sections.entries()) {
    header.writeBigUInt64LE(BigInt(offset), 8 + index * 16)
    header.writeBigUInt64LE(BigInt(length), 16 + index * 16)
    offset += length
  }
  for (const at of [72, 80, 88]) header.writeBigUInt64LE(1n, at)
  // Clustered; neither directory nor tile is compressed; no type of tile.
  header[96] = 1
  header[97] = 1
  header[98] = 1
  return Buffer.concat([header, directory, metadata, Buffer.from(tile)])
}
