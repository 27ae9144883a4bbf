import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createDirectoryStore } from '../../../../src/policies/managed/store/directory-store.ts'
import type { ManagedDocument } from '../../../../src/policies/managed/store/managed-document.ts'
import { UnreadableDocument } from '../../../../src/policies/managed/store/rule-store.ts'
import { spawn } from '../../../fixtures/children.ts'
import { canMountSmallDisk, mountSmallDisk } from '../../../fixtures/small-disk.ts'
import { skipWithout } from '../../../servers/installed.ts'

t.setTimeout(300_000)

const document = (origin: string, bucket = 'media'): ManagedDocument => ({
  bucket,
  rules: [{ allowedOrigins: [origin], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }],
  changedBy: 'AKIA',
  changedAt: '2026-11-23T12:00:00.000Z',
})

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'rules-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

t.test('nothing is stored at first, and the directory need not be there', async t => {
  const store = createDirectoryStore(join(await folder(t), 'not', 'yet'))
  t.strictSame(await store.read('media'), { document: undefined, version: undefined })
})

t.test('what was written is read, by any store of the directory, and nothing else is left there', async t => {
  const path = join(await folder(t), 'rules')
  t.equal(await createDirectoryStore(path).replace(document('https://a.example'), undefined), true)
  t.equal(await createDirectoryStore(path).replace(document('https://b.example'), undefined), true)
  t.same((await createDirectoryStore(path).read('media')).document, document('https://b.example'))
  t.strictSame(await readdir(path), ['media.json'])
  t.equal((await stat(join(path, 'media.json'))).mode & 0o777, 0o600)
})

t.test('a name that leaves the directory is refused', async t => {
  const store = createDirectoryStore(await folder(t))
  for (const name of ['../x', '..', 'a/b', '']) await t.rejects(store.read(name), name)
  await t.rejects(store.replace(document('*', '../x'), undefined))
})

t.test('a file that is no document is unreadable, and can be replaced', async t => {
  const path = await folder(t)
  const store = createDirectoryStore(path)
  for (const text of ['{"Bucket":', ' '.repeat(1024 * 1024 + 1)]) {
    await writeFile(join(path, 'media.json'), text)
    const error = await store.read('media').catch(error => error)
    t.ok(error instanceof UnreadableDocument)
  }
  await store.replace(document('https://a.example'), undefined)
  t.same((await store.read('media')).document, document('https://a.example'))
})

t.test(
  'a directory that cannot be written to is a failure that changes nothing',
  { skip: process.getuid?.() === 0 && 'root may write anywhere' },
  async t => {
    const path = await folder(t)
    const store = createDirectoryStore(path)
    await store.replace(document('https://a.example'), undefined)
    await chmod(path, 0o500)
    await t.rejects(store.replace(document('https://b.example'), undefined))
    await chmod(path, 0o700)
    t.same((await store.read('media')).document, document('https://a.example'))
  },
)

t.test('a directory that is a file is a failure', async t => {
  const path = join(await folder(t), 'file')
  await writeFile(path, '')
  await t.rejects(createDirectoryStore(path).replace(document('https://a.example'), undefined))
  await t.rejects(createDirectoryStore(path).read('media'))
})

t.test('what a killed process left behind is removed, once it is old', async t => {
  const path = await folder(t)
  for (const name of ['.media.old.tmp', '.media.new.tmp']) await writeFile(join(path, name), 'x')
  await utimes(join(path, '.media.old.tmp'), 1, 1)
  await createDirectoryStore(path).replace(document('https://a.example'), undefined)
  t.strictSame((await readdir(path)).sort(), ['.media.new.tmp', 'media.json'])
})

t.test(
  'a process that is killed at any moment leaves a whole document, no older than the last it acknowledged',
  async t => {
    const path = await folder(t)
    const store = createDirectoryStore(path)
    const writer = new URL('../../../fixtures/store-writer.ts', import.meta.url).pathname
    for (let round = 0; round < 12; round++) {
      const child = spawn(process.execPath, [writer, path, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
      let acknowledged = ''
      child.stdout.on('data', chunk => {
        acknowledged += chunk
      })
      await once(child.stdout, 'data')
      await new Promise(resolve => setTimeout(resolve, round * 3))
      child.kill('SIGKILL')
      await once(child, 'close')
      const last = Number(acknowledged.trim().split('\n').at(-1))
      const found = (await store.read('media')).document
      const [, inRound, count] = found?.changedBy.split('-') ?? []
      t.equal(Number(inRound), round)
      t.ok(Number(count) >= last, `${count} was stored, ${last} acknowledged`)
      t.equal(found?.rules?.length, 100, 'whole')
    }
    t.match(await readFile(join(path, 'media.json'), 'utf8'), /\n$/)
  },
)

t.test(
  'a disk that is full leaves the old document and nothing else, and takes a new one when there is space',
  { skip: skipWithout('a small disk', canMountSmallDisk(), 'mount -t tmpfs as root') },
  async t => {
    const disk = mountSmallDisk()
    t.teardown(() => disk?.remove())
    const path = disk?.folder ?? ''
    const store = createDirectoryStore(path)
    await store.replace(document('https://a.example'), undefined)
    const filler = join(path, 'filler')
    await t.rejects(writeFile(filler, Buffer.alloc(1 << 20)), { code: 'ENOSPC' })
    await t.rejects(store.replace(document('https://b.example'), undefined), { code: 'ENOSPC' })
    t.same((await store.read('media')).document, document('https://a.example'))
    t.strictSame((await readdir(path)).sort(), ['filler', 'media.json'])
    await rm(filler)
    await store.replace(document('https://b.example'), undefined)
    t.same((await store.read('media')).document, document('https://b.example'))
  },
)
