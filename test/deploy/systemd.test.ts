import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { missingAllocatorSettings } from '../../src/cli/terminal/node-options.ts'
import { settings } from '../../src/config/schema/settings.ts'
import { skipWithout } from '../servers/installed.ts'
import { cli } from './configuration-check.ts'
import { deployFolder, findSystemdAnalyze, runTool } from './tools.ts'

const unit = readFileSync(join(deployFolder, 'systemd/s3-cors-proxy.service'), 'utf8')
const analyze = findSystemdAnalyze()
const skip = skipWithout('systemd-analyze', analyze !== undefined, 'apt-get install --no-install-recommends systemd')

/** The unit in a folder of its own, with programs that this machine has. */
function installUnit(text: string): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-unit-'))
  const file = join(folder, 's3-cors-proxy.service')
  const here = text
    .replaceAll('/usr/lib/s3-cors-proxy/bin/node', process.execPath)
    .replaceAll('/usr/lib/s3-cors-proxy/dist/cli.js', cli)
  writeFileSync(file, here)
  copyFileSync(join(deployFolder, 'systemd/s3-cors-proxy.socket'), join(folder, 's3-cors-proxy.socket'))
  return { file, remove: () => rmSync(folder, { recursive: true }) }
}

function valuesOf(key: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(match => match[1] ?? '')
}

t.test('systemd knows every line of the unit', { skip }, async t => {
  const { file, remove } = installUnit(unit)
  t.teardown(remove)
  const { exitCode, stdout, stderr } = await runTool(analyze ?? [''], ['verify', '--man=no', file])
  t.strictSame([exitCode, mentioning(stdout + stderr)], [0, ''])
  const wrong = installUnit(unit.replace('ProtectHome=', 'ProtectHouse='))
  t.teardown(wrong.remove)
  const found = await runTool(analyze ?? [''], ['verify', '--man=no', wrong.file])
  t.match(
    mentioning(found.stdout + found.stderr),
    /Unknown key (?:name )?'ProtectHouse'/,
    'and tells one that it does not know',
  )
})

t.test(
  'systemd knows every line of the socket, which is on the port that the configuration names',
  { skip },
  async t => {
    const { file, remove } = installUnit(unit)
    t.teardown(remove)
    const socketFile = file.replace('.service', '.socket')
    const { exitCode, stdout, stderr } = await runTool(analyze ?? [''], ['verify', '--man=no', socketFile])
    t.strictSame([exitCode, mentioning(stdout + stderr)], [0, ''])
    const socket = readFileSync(socketFile, 'utf8')
    t.match(socket, /^ListenStream=8080$/m)
    const minio = readFileSync(join(deployFolder, '../config/minio.yaml'), 'utf8')
    t.match(minio, /^listen: \S+:8080\b/m, 'config/minio.yaml, which the documents copy')
  },
)

/** Lines about this unit: a machine's own units may have faults of theirs. */
function mentioning(output: string): string {
  return output
    .split('\n')
    .filter(line => line.includes('s3-cors-proxy'))
    .join('\n')
}

t.test('the service is exposed to as little as it needs', { skip }, async t => {
  const { file, remove } = installUnit(unit)
  t.teardown(remove)
  const { stdout, stderr } = await runTool(analyze ?? [''], ['security', '--offline=yes', '--no-pager', file])
  const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout + stderr)?.[1])
  t.ok(exposure <= 1.5, `exposure ${exposure} of 10`)
})

t.test('the service ends and restarts as the proxy does', async t => {
  t.strictSame(valuesOf('TimeoutStopSec'), ['35'], 'more than drainSeconds')
  t.strictSame(valuesOf('RestartPreventExitStatus'), ['64'], 'a fault in the configuration')
  t.strictSame(valuesOf('ExecReload'), ['/bin/kill -HUP $MAINPID'])
})

t.test('the variables of the environment file are settings', async t => {
  const example = readFileSync(join(deployFolder, 'systemd/environment.example'), 'utf8')
  const known = [...settings().map(({ variable }) => variable), 'S3CORS_ADMIN_TOKEN_FILE']
  known.push('AWS_ACCESS_KEY_ID_FILE', 'AWS_SECRET_ACCESS_KEY_FILE')
  const named = [...example.matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map(match => match[1] ?? '')
  t.equal(named.length, 7)
  for (const name of named) t.ok(known.includes(name), name)
  const credentials = [...example.matchAll(/=\/run\/credentials\/s3-cors-proxy\.service\/(\S+)$/gm)].map(
    match => match[1],
  )
  t.equal(credentials.length, 5)
  for (const name of credentials)
    t.match(unit, `\n#LoadCredential=${name}:/etc/s3-cors-proxy/secrets/${name}\n`, `${name} has its line in the unit`)
})

t.test('the unit sets the allocator as `serve` does where it may start Node again', async t => {
  const variables = valuesOf('Environment').flatMap(line => line.split(' '))
  for (const [variable, value] of Object.entries(missingAllocatorSettings({}))) {
    t.ok(variables.includes(`${variable}=${value}`), variable)
  }
})
