import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfiguration } from '../../src/config/loading/load-configuration.ts'
import { explainQuestion } from '../../src/daemon/operator/explanations.ts'
import { createPolicyTable } from '../../src/policies/policy-table.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { skipWithout } from '../servers/installed.ts'
import { findPromtool, howToGetPrometheus } from '../servers/prometheus.ts'
import { checkConfiguration } from './configuration-check.ts'
import { deployFolder, findCompose, howToGetTools, runTool } from './tools.ts'

t.setTimeout(120_000)

const folder = join(deployFolder, 'compose')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

interface Port {
  readonly host_ip?: string
  readonly target: number
}

interface Service {
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly read_only?: boolean
  readonly privileged?: boolean
  readonly ports?: readonly Port[]
  readonly networks?: Readonly<Record<string, unknown>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly read_only?: boolean }[]
  readonly stop_grace_period?: string
  readonly image?: string
}

interface Composition {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
}

const compose = findCompose()
const skip = skipWithout('Compose', compose !== undefined, howToGetTools)

t.test('the composition, as Compose reads it', { skip }, async t => {
  const { exitCode, stdout, stderr } = await runTool(compose ?? [''], ['config', '--format', 'json'], { cwd: folder })
  t.strictSame([exitCode, stderr], [0, ''], 'no unknown key, no warning')
  const { services, networks } = JSON.parse(stdout) as Composition
  t.strictSame(Object.keys(services).toSorted(), ['buckets', 'grafana', 'minio', 'prometheus', 'proxy'])
  for (const [name, service] of Object.entries(services)) {
    t.equal(service.read_only, true, `${name}: read-only root`)
    t.strictSame(service.cap_drop, ['ALL'], `${name}: no capabilities`)
    t.strictSame(service.security_opt, ['no-new-privileges:true'], `${name}: no new privileges`)
    t.equal(service.privileged, undefined, `${name}: not privileged`)
    t.match(service.image, /:[^:/]*\d[^:/]*$/, `${name}: a pinned image`)
    for (const port of service.ports ?? [])
      t.equal(port.host_ip, '127.0.0.1', `${name}: published on this machine alone`)
    for (const volume of service.volumes ?? []) {
      t.not(volume.source, '/var/run/docker.sock')
      if (volume.type === 'bind') t.equal(volume.read_only, true, `${name}: ${volume.source} is read-only`)
    }
  }
  const { minio, buckets, proxy, prometheus, grafana } = services
  t.equal(minio?.ports, undefined, 'MinIO is not published')
  for (const service of [minio, buckets]) t.strictSame(Object.keys(service?.networks ?? {}), ['storage'])
  t.equal(networks.storage?.internal, true)
  for (const service of [minio, proxy, prometheus, grafana]) t.ok(service?.healthcheck)
  t.strictSame(proxy?.healthcheck?.test, ['CMD', '/nodejs/bin/node', '/app/dist/cli.js', 'probe'])
  t.equal(proxy?.stop_grace_period, '35s', 'more than drainSeconds')
})

t.test('the program that the health check runs is where the image has it', async t => {
  const dockerfile = readFileSync(join(deployFolder, '../Dockerfile'), 'utf8')
  t.match(dockerfile, 'ENTRYPOINT ["/nodejs/bin/node", "--disable-sigusr1", "/app/dist/cli.js"]')
})

t.test('the proxy’s configuration has no faults', async t => {
  const { exitCode, issues } = await checkConfiguration(read('proxy/proxy.yaml'))
  t.equal(exitCode, 0)
  // The page is loaded as http://127.0.0.1, and only it reaches the admin port's network.
  t.match(issues.join('\n'), /admin port/)
})

t.test('with the line of its certificate, it has none either', async t => {
  const secured = read('proxy/proxy.yaml').replace('#tls: ', 'tls: ')
  t.match(secured, /^tls: .*\n/m)
  const files = { 'tls.crt': localhostCertificate, 'tls.key': localhostKey }
  t.equal((await checkConfiguration(secured, { files })).exitCode, 0)
  t.equal((await checkConfiguration(secured)).exitCode, 64, 'the files are read')
})

t.test('the page shows one bucket that allows it and one that refuses it', async t => {
  const page = read('demo/index.html')
  const source = { file: join(folder, 'proxy/proxy.yaml'), environment: {}, flags: {} }
  const { configuration } = (await loadConfiguration(source)).parsed
  const policies = createPolicyTable(configuration?.buckets ?? [])
  const [, header = ''] = /headers: \{ '(x-amz-[a-z-]+)'/.exec(page) ?? []
  const ask = (bucket: string) => {
    const question = { bucket, origin: 'http://127.0.0.1:8080', method: 'OPTIONS', requestMethod: 'GET' }
    return explainQuestion({ ...question, requestHeaders: [header] }, policies, {
      vary: 'always',
      hosts: [],
      virtualHosts: [],
    })
  }
  t.match(ask('pictures'), { allowed: true })
  t.match(ask('private-pictures'), { allowed: false, reason: 'origin' })
})

t.test('what Prometheus and Grafana read is there', async t => {
  const dashboards = parse(read('grafana/dashboards/s3-cors-proxy.yaml')) as {
    providers: { options: { path: string } }[]
  }
  t.equal(dashboards.providers[0]?.options.path, '/etc/grafana/dashboards')
  t.ok(JSON.parse(readFileSync(join(deployFolder, 'grafana/s3-cors-proxy.json'), 'utf8')))
  const sources = parse(read('grafana/datasources/prometheus.yaml')) as { datasources: { type: string }[] }
  t.equal(sources.datasources[0]?.type, 'prometheus')
})

const promtool = findPromtool()
const skipPrometheus = skipWithout('Prometheus', promtool !== undefined, howToGetPrometheus)

t.test('Prometheus takes its configuration', { skip: skipPrometheus }, async t => {
  const { exitCode, stderr, stdout } = await runTool(
    [promtool ?? ''],
    ['check', 'config', '--syntax-only', 'prometheus.yaml'],
    {
      cwd: folder,
    },
  )
  t.equal(exitCode, 0, stderr + stdout)
})
