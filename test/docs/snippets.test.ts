import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { parse } from 'yaml'
import { checkConfiguration, cli } from '../deploy/configuration-check.ts'
import { faultsOf, parseObjects } from '../deploy/kubernetes-objects.ts'
import { findHelm, findKustomize, howToGetTools, runTool } from '../deploy/tools.ts'
import { spawn } from '../fixtures/children.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { startProxy } from '../fixtures/proxy-process.ts'
import { answerOk, startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { skipWithout } from '../servers/installed.ts'
import { findPromtool, howToGetPrometheus } from '../servers/prometheus.ts'
import { notRun } from './commands.ts'
import { commandsOf, root, type Snippet, snippets } from './snippets.ts'

t.setTimeout(600_000)

const all = snippets()
const of = (language: string) => all.filter(snippet => snippet.language === language)

function keysOf(schema: string): ReadonlySet<string> {
  const { properties } = JSON.parse(readFileSync(join(root, schema), 'utf8')) as { properties: object }
  return new Set(Object.keys(properties))
}

const options = keysOf('config/schema.json')
const values = keysOf('deploy/helm/s3-cors-proxy/values.schema.json')

/** What lies beside a configuration of the documentation. */
const files = {
  'cors.json': readFileSync(join(root, 'config/cors.json'), 'utf8'),
  'ca.pem': localhostCertificate,
  'tls.crt': localhostCertificate,
  'tls.key': localhostKey,
  'client.crt': localhostCertificate,
  'client.key': localhostKey,
}

type Kind = 'configuration' | 'values' | 'object' | 'scrape' | 'unknown'

function kindOf(snippet: Snippet): Kind {
  const keys = Object.keys((parse(snippet.text) ?? {}) as object)
  if (keys.includes('apiVersion')) return 'object'
  if (keys.join() === 'scrape_configs') return 'scrape'
  if (keys.length > 0 && keys.every(key => options.has(key))) return 'configuration'
  return keys.length > 0 && keys.every(key => values.has(key)) ? 'values' : 'unknown'
}

/** Faults of a configuration; one without an endpoint is shown in part. */
async function faultsOfConfiguration(configuration: string): Promise<readonly string[]> {
  const isPart = !Object.hasOwn(parse(configuration) as object, 'upstream')
  const args = isPart ? ['--upstream-url', 'http://127.0.0.1:9000'] : []
  const { exitCode, issues } = await checkConfiguration(configuration, { files, args })
  return exitCode === 0 ? [] : [`exit code ${exitCode}`, ...issues]
}

t.test('every block is of a language that is tested', async t => {
  // nginx: test/deploy/migrating.test.ts; console and diff, the walk-through of the README: test/readme/walkthrough.test.ts, and
  // the other one: test/browser/least-privilege-walk.test.ts; js of the runbook: test/daemon/http2-clients.test.ts.
  const known = ['', 'yaml', 'sh', 'promql', 'nginx', 'text']
  const walks: Readonly<Record<string, readonly string[]>> = {
    'README.md': ['console', 'diff'],
    'deploy/migrating/from-any-origin.md': ['console'],
    'deploy/runbook.md': ['js'],
  }
  for (const { place, file, language } of all) {
    t.ok([...known, ...(walks[file] ?? [])].includes(language), `${place} ${language}`)
  }
  for (const snippet of of('yaml')) t.not(kindOf(snippet), 'unknown', `${snippet.place} is something that is tested`)
})

t.test('configurations have no faults', async t => {
  for (const snippet of of('yaml').filter(snippet => kindOf(snippet) === 'configuration')) {
    t.strictSame(await faultsOfConfiguration(snippet.text), [], snippet.place)
  }
})

t.test('Kubernetes objects have no faults', async t => {
  for (const snippet of of('yaml').filter(snippet => kindOf(snippet) === 'object')) {
    t.strictSame(await faultsOf(parseObjects(snippet.text)), [], snippet.place)
  }
})

const helm = findHelm()

t.test('values are taken by the chart', { skip: skipWithout('Helm', helm !== undefined, howToGetTools) }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-docs-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'values.yaml')
  for (const snippet of of('yaml').filter(snippet => kindOf(snippet) === 'values')) {
    writeFileSync(file, snippet.text)
    const args = ['template', 's3', join(root, 'deploy/helm/s3-cors-proxy'), '--kube-version', '1.30.0', '-f', file]
    const { exitCode, stdout, stderr } = await runTool(helm ?? [''], args)
    t.strictSame([exitCode, stderr], [0, ''], snippet.place)
    const objects = parseObjects(stdout)
    t.strictSame(await faultsOf(objects), [], snippet.place)
    const configMap = objects.find(({ kind }) => kind === 'ConfigMap') as { data?: Record<string, string> } | undefined
    t.strictSame(await faultsOfConfiguration(configMap?.data?.['proxy.yaml'] ?? ''), [], snippet.place)
  }
})

const promtool = findPromtool()
const skipPrometheus = skipWithout('Prometheus', promtool !== undefined, howToGetPrometheus)

t.test('expressions are Prometheus’s', { skip: skipPrometheus }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-docs-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const { place, text: expr } of of('promql')) {
    const file = join(folder, 'rules.yaml')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'docs', rules: [{ record: 'documented', expr }] }] }))
    const { exitCode, stderr } = await runTool([promtool ?? ''], ['check', 'rules', file])
    t.equal(exitCode, 0, `${place} ${stderr}`)
  }
})

t.test('scrape configurations are Prometheus’s', { skip: skipPrometheus }, async t => {
  const folder = t.testdir()
  const shown = of('yaml').filter(snippet => kindOf(snippet) === 'scrape')
  t.equal(shown.length, 1)
  for (const { place, text } of shown) {
    const file = join(folder, 'prometheus.yaml')
    writeFileSync(file, text)
    const { exitCode, stderr } = await runTool([promtool ?? ''], ['check', 'config', '--syntax-only', file])
    t.equal(exitCode, 0, `${place} ${stderr}`)
  }
})

const kustomize = findKustomize()
const tools = helm !== undefined && kustomize !== undefined

t.test('commands run', { skip: skipWithout('Helm or kustomize', tools, howToGetTools) }, async t => {
  const endpoint = await startRecordingUpstream(t, { answer: answerOk })
  const rules = { AllowedOrigins: ['https://my-app.xyz'], AllowedMethods: ['GET', 'HEAD'] }
  const buckets = { 'my-media': { CORSRules: [rules] } }
  const upstream = { url: `http://127.0.0.1:${endpoint.port}`, credentials: 'none' }
  const proxy = await startProxy(`upstream: ${JSON.stringify(upstream)}\nbuckets: ${JSON.stringify(buckets)}\n`)
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-docs-'))
  t.teardown(async () => {
    await proxy.stop()
    rmSync(folder, { recursive: true })
  })
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const program = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  copyFileSync(proxy.configFile, join(folder, 'today.yaml'))
  program(
    'npx',
    `name=$1; shift\ncase $name in node) exec '${process.execPath}' "$@" ;; s3-cors-proxy) exec '${process.execPath}' '${cli}' "$@" ;; esac`,
  )
  program('helm', `exec '${helm?.[0]}' "$@"`)
  program('kubectl', `shift\nexec ${kustomize?.map(word => `'${word}'`).join(' ')} "$@"`)

  for (const snippet of of('sh')) {
    for (const command of commandsOf(snippet)) {
      const excuse = notRun.find(entry => entry.command.test(command))
      if (excuse !== undefined) {
        t.pass(`${snippet.place} ${command} is not run: ${excuse.reason}`)
        continue
      }
      const here = command
        .replaceAll('http://127.0.0.1:9464', proxy.adminUrl)
        .replaceAll('127.0.0.1:8080', new URL(proxy.url).host)
        .replaceAll(' /etc/', ` ${folder}/etc/`)
        .replaceAll(' /usr/lib/', ` ${folder}/usr/lib/`)
        .replaceAll(/ (next\.yaml|today\.yaml|origins\.json)/g, ` ${folder}/$1`)
      const { exitCode, output } = await run(here, bin)
      t.equal(exitCode, 0, `${snippet.place} ${command}`, { output })
    }
  }
  t.match(await preflightOf(proxy.url), /200 https:\/\/my-app\.xyz/, 'the proxy of these commands works')
})

t.test('every excuse is needed', async t => {
  const commands = of('sh').flatMap(commandsOf)
  for (const { command } of notRun)
    t.ok(
      commands.some(text => command.test(text)),
      String(command),
    )
})

async function preflightOf(url: string): Promise<string> {
  const headers = { Origin: 'https://my-app.xyz', 'Access-Control-Request-Method': 'GET' }
  const response = await fetch(`${url}/my-media/picture.png`, { method: 'OPTIONS', headers })
  return `${response.status} ${response.headers.get('access-control-allow-origin')}`
}

async function run(command: string, bin: string): Promise<{ exitCode: number | null; output: string }> {
  const { HOME, TMPDIR } = process.env
  const child = spawn('bash', ['-euo', 'pipefail', '-c', command], {
    cwd: root,
    env: { PATH: `${bin}${delimiter}${process.env.PATH}`, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exitCode = new Promise<number | null>(resolve => child.once('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { exitCode: await exitCode, output: stdout + stderr }
}
