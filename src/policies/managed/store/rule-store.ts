import { type ManagedDocument, readManagedDocument } from './managed-document.ts'

/** A stored document, or that there is none, and which version of it was read. */
export interface StoredDocument {
  readonly document: ManagedDocument | undefined
  /** Undefined where nothing is stored, or where the store has no versions. */
  readonly version: string | undefined
}

/** Where managed rules live. Every method rejects when the store does not answer. */
export interface RuleStore {
  /** Rejects with {@link UnreadableDocument} when what is there is not whole. */
  read(bucket: string, signal?: AbortSignal): Promise<StoredDocument>
  /** Replaces the version that was read, durably, whole or not at all; false when another writer has done so meanwhile. */
  replace(document: ManagedDocument, version: string | undefined): Promise<boolean>
}

/** Something is stored that is no document of the bucket: no rules can be taken from it, but it can be replaced. */
export class UnreadableDocument extends Error {
  readonly version: string | undefined

  constructor(why: string, version: string | undefined, cause?: unknown) {
    super(`the stored document cannot be read: ${why}`, { cause })
    this.version = version
  }
}

/** Reads what a store holds; throws {@link UnreadableDocument}. */
export function parseStored(bytes: Buffer, bucket: string, version: string | undefined): ManagedDocument {
  try {
    return readManagedDocument(bytes, bucket)
  } catch (error) {
    // A parser's message quotes what it read.
    const why =
      error instanceof SyntaxError ? 'it is not JSON' : error instanceof Error ? error.message : 'unknown fault'
    throw new UnreadableDocument(why, version, error)
  }
}
