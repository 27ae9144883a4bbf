import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { maxFileBytes } from '../../../src/config/files/decode-text.ts'
import { type FileContent, readFileContent, readFileContentSync } from '../../../src/config/files/file-content.ts'

const directory = t.testdir({ 'good.yaml': 'a: 1\n', 'empty.yaml': '', folder: {} })
const at = (name: string) => join(directory, name)
writeFileSync(at('large.yaml'), Buffer.alloc(maxFileBytes + 100))
symlinkSync('loop.yaml', at('loop.yaml'))
symlinkSync('good.yaml', at('link.yaml'))
execFileSync('mkfifo', [at('fifo.yaml')])
mkdirSync(at('closed'))
writeFileSync(at('closed/a.yaml'), 'a: 1\n')
chmodSync(at('closed/a.yaml'), 0)

const shown = (content: FileContent) =>
  content.kind === 'failed'
    ? content.message
    : content.bytes.length > 100
      ? content.bytes.length
      : Buffer.from(content.bytes).toString()

const cases: readonly { name: string; file: string; expected: string | number; skip?: boolean }[] = [
  { name: 'a file', file: 'good.yaml', expected: 'a: 1\n' },
  { name: 'a link to a file', file: 'link.yaml', expected: 'a: 1\n' },
  { name: 'an empty file', file: 'empty.yaml', expected: '' },
  {
    name: 'a file that is too large, up to one byte more than may be',
    file: 'large.yaml',
    expected: maxFileBytes + 1,
  },
  { name: 'a missing file', file: 'none.yaml', expected: 'the file does not exist' },
  { name: 'a file below a file', file: 'good.yaml/a', expected: 'the file does not exist' },
  { name: 'a directory', file: 'folder', expected: 'the path is a directory' },
  { name: 'a loop of links', file: 'loop.yaml', expected: 'the path leads through a loop of symbolic links' },
  { name: 'a FIFO without a writer', file: 'fifo.yaml', expected: 'the path is not a regular file' },
  { name: 'a path that is no path', file: 'a\0b', expected: 'the file could not be read (ERR_INVALID_ARG_VALUE)' },
  {
    name: 'a file without permission',
    file: 'closed/a.yaml',
    expected: 'the file may not be read',
    skip: process.getuid?.() === 0,
  },
]
for (const { name, file, expected, skip } of cases) {
  t.test(`${name} is read, or says why not`, { skip: skip === true && 'root may read everything' }, async t => {
    t.equal(shown(await readFileContent(at(file))), expected)
    t.equal(shown(readFileContentSync(at(file))), expected, 'without waiting too')
  })
}
