import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { maxFileBytes } from './decode-text.ts'

/** A file as it was read, or in one clause why it was not. */
export type FileContent =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly message: string }

/** Gives the content of the file at a path; never throws. */
export type ReadFile = (path: string) => FileContent

/** Says whether `path` is what the AWS CLI takes for a path: `file://cors.json`. */
export function isFileUrl(path: string): boolean {
  return /^fileb?:\/\//i.test(path)
}

/** What is wrong with such a path, and what is meant. */
export function noPath(url: string): { readonly message: string; readonly allowed: string } {
  const path = url.slice(url.indexOf('//') + 2)
  return { message: 'this is no path', allowed: `the path alone (file:// is for the AWS CLI): ${path}` }
}

/** Without O_NONBLOCK the open of a FIFO would wait for a writer for ever. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK

/** Memory for so many bytes. */
export type TakeMemory = (bytes: number) => Uint8Array

const freshMemory: TakeMemory = bytes => new Uint8Array(bytes)

/** Reads a regular file, at most one byte more than a configuration may have: what is larger is refused by its size. */
export async function readFileContent(path: string, memory: TakeMemory = freshMemory): Promise<FileContent> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, flags)
    const stats = await handle.stat()
    if (!stats.isFile()) return { kind: 'failed', message: notAFile(stats.isDirectory()) }
    const buffer = memory(Math.min(stats.size, maxFileBytes) + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) return { kind: 'bytes', bytes: buffer.subarray(0, length) }
    }
  } catch (error) {
    return { kind: 'failed', message: failure(error) }
  } finally {
    await handle?.close()
  }
}

/** The same of standard input and of what another program writes into a pipe, to its end. */
export async function readStreamContent(stream: AsyncIterable<string | Buffer>): Promise<FileContent> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk)
      chunks.push(bytes)
      length += bytes.length
      if (length > maxFileBytes) break
    }
    return { kind: 'bytes', bytes: Buffer.concat(chunks) }
  } catch (error) {
    return { kind: 'failed', message: failure(error) }
  }
}

/** The same without waiting: for commands that do nothing else, and for secrets at start-up. */
export function readFileContentSync(path: string): FileContent {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, flags)
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) return { kind: 'failed', message: notAFile(stats.isDirectory()) }
    const buffer = new Uint8Array(Math.min(stats.size, maxFileBytes) + 1)
    let length = 0
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, null)
      length += read
      if (read === 0 || length === buffer.length) return { kind: 'bytes', bytes: buffer.subarray(0, length) }
    }
  } catch (error) {
    return { kind: 'failed', message: failure(error) }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function notAFile(isDirectory: boolean): string {
  return isDirectory ? 'the path is a directory' : 'the path is not a regular file'
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  ENOTDIR: 'the file does not exist',
  EACCES: 'the file may not be read',
  EPERM: 'the file may not be read',
  ELOOP: 'the path leads through a loop of symbolic links',
}

function failure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'error'
  return reasons[code] ?? `the file could not be read (${code})`
}
