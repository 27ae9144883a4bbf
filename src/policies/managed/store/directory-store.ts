// Managed rules in a directory of this machine. A crash at any byte leaves the old document or the new one.

import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isBucketName } from '../../../s3/address/bucket-name.ts'
import { type ManagedDocument, maxManagedDocumentBytes, writeManagedDocument } from './managed-document.ts'
import { parseStored, type RuleStore, type StoredDocument, UnreadableDocument } from './rule-store.ts'

/** Left behind by a process that was killed; no write takes so long. */
const abandonedAfterMs = 60_000

/** A store of one file per bucket. The directory is made when the first document is written. */
export function createDirectoryStore(directory: string): RuleStore {
  let swept = false

  function fileOf(bucket: string): string {
    // Also what keeps the path inside the directory.
    if (!isBucketName(bucket)) throw new Error('not a bucket name')
    return join(directory, `${bucket}.json`)
  }

  async function read(bucket: string): Promise<StoredDocument> {
    let file: FileHandle
    try {
      file = await open(fileOf(bucket))
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return { document: undefined, version: undefined }
      throw error
    }
    try {
      const { size } = await file.stat()
      if (size > maxManagedDocumentBytes) throw new UnreadableDocument('it is too large', undefined)
      const bytes = await file.readFile()
      return { document: parseStored(bytes, bucket, undefined), version: undefined }
    } finally {
      await file.close()
    }
  }

  /** Files have no versions: the last rename wins, as the last of two PUTs does in S3. */
  async function replace(document: ManagedDocument): Promise<boolean> {
    const target = fileOf(document.bucket)
    await mkdir(directory, { recursive: true, mode: 0o700 })
    if (!swept) await sweep(directory)
    swept = true
    const temporary = join(directory, `.${document.bucket}.${randomBytes(8).toString('hex')}.tmp`)
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(writeManagedDocument(document))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, target)
    } catch (error) {
      await unlink(temporary).catch(() => {})
      throw error
    }
    await syncDirectory(directory)
    return true
  }

  return { read, replace }
}

/** A rename is durable only once its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function sweep(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => [])
  for (const name of names) {
    if (!/^\..+\.tmp$/.test(name)) continue
    const path = join(directory, name)
    // Another process may be writing one of them, or have swept it already.
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && Date.now() - found.mtimeMs > abandonedAfterMs) await unlink(path).catch(() => {})
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
