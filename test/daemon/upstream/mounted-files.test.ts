import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { mountedFiles } from '../../../src/daemon/upstream/mounted-files.ts'
import { startProxy } from '../../fixtures/proxy-process.ts'

t.setTimeout(300_000)

const mountinfo = [
  '22 28 0:20 / / rw,relatime shared:7 - overlay overlay rw',
  '36 35 98:0 /config.yaml /etc/proxy/config.yaml ro,noatime master:1 - ext4 /dev/root rw',
  '37 35 98:0 /a /etc/proxy/with\\040blank.json ro - ext4 /dev/root rw',
  '38 35 98:0 /b /etc/directory ro - ext4 /dev/root rw',
  '',
].join('\n')

const cases: { name: string; paths: string[]; links?: Record<string, string>; mounted: string[] }[] = [
  { name: 'a file that is a mount point', paths: ['/etc/proxy/config.yaml'], mounted: ['/etc/proxy/config.yaml'] },
  { name: 'a name with a blank', paths: ['/etc/proxy/with blank.json'], mounted: ['/etc/proxy/with blank.json'] },
  { name: 'a file in a mounted directory is none', paths: ['/etc/directory/config.yaml'], mounted: [] },
  { name: 'a file beside one is none', paths: ['/etc/proxy/cors.json'], mounted: [] },
  {
    name: 'a link to one, as it was named',
    paths: ['config.yaml', '/etc/proxy/cors.json'],
    links: { 'config.yaml': '/etc/proxy/config.yaml' },
    mounted: ['config.yaml'],
  },
]
for (const { name, paths, links = {}, mounted } of cases) {
  t.test(name, async t => {
    t.strictSame(mountedFiles(paths, { mountinfo: () => mountinfo, realpath: path => links[path] ?? path }), mounted)
  })
}

t.test('where the system cannot say, none', async t => {
  const fails = () => {
    throw new Error('no such file')
  }
  t.strictSame(mountedFiles(['/etc/proxy/config.yaml'], { mountinfo: fails, realpath: path => path }), [])
  t.strictSame(mountedFiles(['/etc/proxy/config.yaml'], { mountinfo: () => mountinfo, realpath: fails }), [])
})

/** Whether a file can be mounted over another here: as root, and where mount is allowed. */
function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-mounts-'))
  const [source, target] = [join(folder, 'source'), join(folder, 'target')]
  for (const file of [source, target]) writeFileSync(file, '')
  try {
    execFileSync('mount', ['--bind', source, target], { stdio: 'pipe' })
    execFileSync('umount', [target], { stdio: 'pipe' })
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const skip = canMount() ? false : 'run as root where mount is allowed'
t.test('a CORS file that is mounted alone is warned of at the start', { skip }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-mounts-'))
  const rules = '{"CORSRules":[{"AllowedOrigins":["https://app.example"],"AllowedMethods":["GET"]}]}'
  for (const name of ['source.json', 'mounted.json', 'beside.json']) writeFileSync(join(folder, name), rules)
  const mounted = join(folder, 'mounted.json')
  execFileSync('mount', ['--bind', join(folder, 'source.json'), mounted])
  t.teardown(() => {
    execFileSync('umount', [mounted])
    rmSync(folder, { recursive: true, force: true })
  })
  const proxy = await startProxy(
    `upstream: { url: "http://127.0.0.1:9" }\nbuckets:\n  one: { CORSFile: ${mounted} }\n  two: { CORSFile: ${join(folder, 'beside.json')} }`,
  )
  await proxy.stop()
  const warned = proxy
    .logs()
    .split('\n')
    .filter(line => line.includes('file_mounted_alone'))
  t.equal(warned.length, 1)
  t.match(JSON.parse(warned[0] ?? '{}'), { level: 'warn', file: mounted, hint: /directory/ })
})
