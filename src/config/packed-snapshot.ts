import type { ConfigurationSource, Snapshot } from './load-configuration.ts'
import { packParcel, unpackParcel } from './parcel.ts'
import type { FileContent } from './text/file-content.ts'

/** The data of a packed snapshot. */
interface PackedSnapshot {
  readonly source: ConfigurationSource
  /** Of each file the bytes are the body at its index. */
  readonly files: readonly PackedFile[]
}

interface PackedFile {
  readonly path: string
  /** Why there are no bytes: the body is empty then. */
  readonly failure: string | undefined
}

const noBytes = new Uint8Array(0)

/** A snapshot, and what it is of, as it crosses processes. */
export function packSnapshot(source: ConfigurationSource, snapshot: Snapshot): readonly Uint8Array[] {
  const files = Array.from(snapshot, ([path, content]): PackedFile => {
    return { path, failure: content.kind === 'failed' ? content.message : undefined }
  })
  const bodies = Array.from(snapshot.values(), content => (content.kind === 'bytes' ? content.bytes : noBytes))
  return packParcel({ source, files } satisfies PackedSnapshot, bodies)
}

/** The same; throws when it is not whole. */
export function unpackSnapshot(pieces: readonly Uint8Array[]): {
  readonly source: ConfigurationSource
  readonly snapshot: Snapshot
} {
  const parcel = unpackParcel(pieces)
  const { source, files } = parcel.data as PackedSnapshot
  const contents = files.map(({ path, failure }, index): [string, FileContent] => {
    if (failure !== undefined) return [path, { kind: 'failed', message: failure }]
    return [path, { kind: 'bytes', bytes: parcel.bodyAt(index) }]
  })
  return { source, snapshot: new Map(contents) }
}
