import type { ConfigurationSource, Snapshot } from './load-configuration.ts'
import { packParcel, unpackParcel } from './parcel.ts'
import type { FileContent } from './text/file-content.ts'

/** The data of a packed snapshot: its files, whose bytes stand one after the other beside it. */
interface PackedSnapshot {
  readonly source: ConfigurationSource
  readonly files: readonly PackedFile[]
}

interface PackedFile {
  readonly path: string
  /** Where its bytes stand; else why there are none. */
  readonly content: { readonly start: number; readonly end: number } | { readonly message: string }
}

/** A snapshot, and what it is of, as it crosses processes. */
export function packSnapshot(source: ConfigurationSource, snapshot: Snapshot): readonly Uint8Array[] {
  const bodies: Uint8Array[] = []
  let start = 0
  const files = Array.from(snapshot, ([path, content]): PackedFile => {
    if (content.kind === 'failed') return { path, content: { message: content.message } }
    const place = { start, end: start + content.bytes.length }
    bodies.push(content.bytes)
    start = place.end
    return { path, content: place }
  })
  return packParcel({ source, files } satisfies PackedSnapshot, bodies)
}

/** The same; throws when it is not whole. */
export function unpackSnapshot(pieces: readonly Uint8Array[]): {
  readonly source: ConfigurationSource
  readonly snapshot: Snapshot
} {
  const { data, body } = unpackParcel(pieces)
  const { source, files } = data as PackedSnapshot
  const contents = files.map(({ path, content }): [string, FileContent] => {
    if ('message' in content) return [path, { kind: 'failed', message: content.message }]
    return [path, { kind: 'bytes', bytes: body.slice(content.start, content.end) }]
  })
  return { source, snapshot: new Map(contents) }
}
