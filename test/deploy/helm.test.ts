import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { localhostCertificate } from '../fixtures/localhost-certificate.ts'
import { skipWithout } from '../servers/installed.ts'
import { checkConfiguration } from './configuration-check.ts'
import { faultsOf, type KubernetesObject, nameOf, parseObjects } from './kubernetes-objects.ts'
import { containerNamed, podFaults, podTemplateOf } from './pods.ts'
import { referenceFaults } from './references.ts'
import { deployFolder, findHelm, howToGetTools, runTool, type ToolResult } from './tools.ts'

t.setTimeout(600_000)

const helm = findHelm()
const skip = skipWithout('Helm', helm !== undefined, howToGetTools)
const chart = join(deployFolder, 'helm/s3-cors-proxy')

async function withValues(values: object, ...args: readonly string[]): Promise<ToolResult> {
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-values-'))
  try {
    const file = join(folder, 'values.yaml')
    writeFileSync(file, stringify(values))
    // The oldest Kubernetes that the chart is for.
    return await runTool(helm ?? [''], [...args, chart, '--kube-version', '1.30.0', '--values', file])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const template = (values: object) => withValues(values, 'template', 's3', '--namespace', 'storage')

const rules = [{ ID: 'web', AllowedOrigins: ['https://my-app.xyz'], AllowedMethods: ['GET', 'HEAD'] }]

interface Case {
  readonly name: string
  readonly values: object
  readonly kinds: readonly string[]
  readonly outside?: readonly string[]
  readonly drainSeconds?: number
  readonly probe?: (t: Test, objects: readonly KubernetesObject[]) => void
}

const always = ['ConfigMap', 'Deployment', 'Service', 'Service', 'ServiceAccount']
const byDefault = [...always, 'HorizontalPodAutoscaler', 'NetworkPolicy', 'PodDisruptionBudget']

const cases: readonly Case[] = [
  { name: 'the values as they come', values: {}, kinds: byDefault },
  {
    name: 'everything on',
    values: {
      config: {
        upstream: { url: 'https://minio.storage.svc:9000', caFile: 'ca.crt' },
        virtualHosts: ['s3.example.com'],
        drainSeconds: 120,
        buckets: { media: { CORSRules: rules }, archive: { CORSFile: 'cors.json' }, '*': { from: 'upstream' } },
      },
      files: { 'cors.json': '{"CORSRules":[{"AllowedOrigins":["https://a.example"],"AllowedMethods":["GET"]}]}' },
      image: { repository: 'registry.example.com/s3-cors-proxy', digest: `sha256:${'0'.repeat(64)}` },
      imagePullSecrets: [{ name: 'registry' }],
      secrets: { credentials: 'minio-keys', adminToken: 'admin' },
      tls: { secretName: 's3-example-com' },
      env: { S3CORS_LOG_LEVEL: 'debug', S3CORS_UPSTREAM_CONNECTIONS: 64 },
      service: { type: 'LoadBalancer', port: 443, externalTrafficPolicy: 'Local', annotations: { a: 'b' } },
      ingress: {
        enabled: true,
        className: 'any',
        annotations: { c: 'd' },
        hosts: [{ host: 's3.example.com', tlsSecretName: 's3-example-com' }, { host: '*.s3.example.com' }],
      },
      networkPolicy: {
        from: [{ namespaceSelector: {} }],
        egress: [{ ports: [{ port: 9000 }], to: [{ podSelector: {} }] }],
        endpoint: { enabled: true },
      },
      serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
      prometheusRule: { enabled: true, labels: { release: 'prometheus' }, runbook: 'https://example.com/runbook' },
      dashboard: { enabled: true, annotations: { grafana_folder: 'S3' } },
      serviceAccount: { name: 's3', annotations: { e: 'f' } },
      httpRoute: {
        enabled: true,
        parentRefs: [{ name: 'public', namespace: 'gateways' }],
        hostnames: ['s3.example.com'],
      },
      extraVolumes: [{ name: 'authorities', secret: { secretName: 'authorities' } }],
      extraVolumeMounts: [{ name: 'authorities', mountPath: '/run/authorities', readOnly: true }],
      extraEnvFrom: [{ configMapRef: { name: 'variables' } }, { secretRef: { name: 'keys', optional: true } }],
      strategy: { rollingUpdate: { maxUnavailable: '25%', maxSurge: 0 } },
      annotations: { k: 'l' },
      podAnnotations: { g: 'h' },
      podLabels: { i: 'j' },
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'storage', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'important',
    },
    kinds: [...byDefault, 'ConfigMap', 'HTTPRoute', 'Ingress', 'NetworkPolicy', 'PrometheusRule', 'ServiceMonitor'],
    outside: ['Secret minio-keys', 'Secret admin', 'Secret s3-example-com', 'Secret authorities'],
    drainSeconds: 120,
    probe: (t, objects) => {
      const pod = podTemplateOf(objects.find(({ kind }) => kind === 'Deployment') as KubernetesObject)?.spec
      const container = containerNamed(pod, 's3-cors-proxy')
      t.equal(container?.image, `registry.example.com/s3-cors-proxy@sha256:${'0'.repeat(64)}`)
      t.match(container?.envFrom, [{ configMapRef: { name: 'variables' } }, { secretRef: { name: 'keys' } }])
      const deployment = objects.find(({ kind }) => kind === 'Deployment')
      t.strictSame(deployment?.metadata, { ...deployment?.metadata, annotations: { k: 'l' } })
      const rollingUpdate = { maxUnavailable: '25%', maxSurge: 0 }
      t.match(deployment?.spec, { strategy: { type: 'RollingUpdate', rollingUpdate } })
      t.strictSame(objects.find(({ kind }) => kind === 'HTTPRoute')?.spec, {
        parentRefs: [{ name: 'public', namespace: 'gateways' }],
        hostnames: ['s3.example.com'],
        rules: [{ backendRefs: [{ name: 's3-s3-cors-proxy', port: 443 }], timeouts: { request: '0s' } }],
      })
      const mounts = (container?.volumeMounts ?? []).map(({ mountPath }) => mountPath)
      const files = (container?.env ?? []).flatMap(({ name, value }) => (name.endsWith('_FILE') ? [value ?? ''] : []))
      t.equal(files.length, 5)
      for (const file of files)
        t.ok(
          mounts.some(path => file.startsWith(`${path}/`)),
          `${file} is mounted`,
        )
      const labels = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-dashboard'))
      t.equal(labels?.metadata.labels?.grafana_dashboard, '1')
      t.match(JSON.stringify(objects.find(({ kind }) => kind === 'PrometheusRule')), /"https:\/\/example.com\/runbook#/)
      t.notMatch(JSON.stringify(objects), /deploy\/runbook/)
    },
  },
  {
    name: 'as little as can be',
    values: {
      autoscaling: { enabled: false },
      replicaCount: 1,
      strategy: { type: 'Recreate' },
      podDisruptionBudget: { enabled: false },
      networkPolicy: { enabled: false },
      serviceAccount: { create: false },
      topologySpreadConstraints: [],
      fullnameOverride: 'cors',
    },
    kinds: always.filter(kind => kind !== 'ServiceAccount'),
    probe: (t, objects) => {
      const deployment = objects.find(object => nameOf(object) === 'Deployment cors')
      t.strictSame((deployment?.spec as { strategy?: object } | undefined)?.strategy, { type: 'Recreate' })
    },
  },
  {
    name: 'a ConfigMap of one’s own',
    values: { existingConfigMap: 'my-proxy' },
    kinds: byDefault.filter(kind => kind !== 'ConfigMap'),
    outside: ['ConfigMap my-proxy'],
  },
]

for (const { name, values, kinds, outside = [], drainSeconds = 25, probe } of cases) {
  t.test(name, { skip }, async t => {
    const { exitCode, stdout, stderr } = await template(values)
    t.strictSame([exitCode, stderr], [0, ''])
    const objects = parseObjects(stdout)
    t.strictSame(objects.map(({ kind }) => kind).toSorted(), kinds.toSorted())
    // Of the Gateway API there are no types here: its one object is compared whole above.
    const known = objects.filter(({ kind }) => kind !== 'HTTPRoute')
    t.strictSame(await faultsOf(known), [], 'no unknown field, no wrong value')
    t.strictSame(referenceFaults(objects, outside), [], 'every name means something')
    t.strictSame(podFaults(objects, drainSeconds), [], 'restricted pods that end in time')
    probe?.(t, objects)
    const lint = await withValues(values, 'lint', '--strict')
    t.equal(lint.exitCode, 0, lint.stdout + lint.stderr)
    const data = objects.find(({ data }) => typeof data === 'object' && data !== null && 'proxy.yaml' in data)?.data
    if (data === undefined) return
    const { 'proxy.yaml': configuration = '', ...files } = data as Record<string, string>
    const env = {
      S3CORS_LISTEN: '0.0.0.0:8080',
      S3CORS_ADMIN: '0.0.0.0:9464',
      S3CORS_ADMIN_TOKEN: 'token-of-a-release',
    }
    const check = await checkConfiguration(configuration, { files: { ...files, 'ca.crt': localhostCertificate }, env })
    t.equal(check.exitCode, 0, check.issues.join('\n'))
  })
}

const refused: readonly { readonly name: string; readonly values: object; readonly says: RegExp }[] = [
  { name: 'an unknown value', values: { replicas: 3 }, says: /replicas/ },
  { name: 'an unknown option of the proxy', values: { config: { upstreem: {} } }, says: /upstreem/ },
  { name: 'a proxy without an endpoint', values: { config: { upstream: { url: null } } }, says: /url/ },
  {
    name: 'a rule that S3 does not know',
    values: { config: { buckets: { media: { CORSRules: [{ AllowedOrigin: ['*'], AllowedMethods: ['GET'] }] } } } },
    says: /AllowedOrigin/,
  },
  {
    name: 'a route without a Gateway',
    values: { httpRoute: { enabled: true } },
    says: /httpRoute\.parentRefs: name the Gateway/,
  },
  { name: 'an unknown strategy', values: { strategy: { type: 'OnDelete' } }, says: /strategy/ },
  { name: 'a file in the place of the configuration', values: { files: { 'proxy.yaml': '' } }, says: /proxy\.yaml/ },
]

for (const { name, values, says } of refused) {
  t.test(`${name} is refused`, { skip }, async t => {
    const { exitCode, stderr } = await template(values)
    t.not(exitCode, 0)
    t.match(stderr, says)
  })
}

t.test('the notes say what is left to do', { skip }, async t => {
  // `helm template` leaves the notes out, and `helm install` wants a cluster: here they are an object like any other.
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-chart-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  cpSync(chart, folder, { recursive: true })
  const notes = readFileSync(join(chart, 'templates/NOTES.txt'), 'utf8').replace(/^/gm, '  ')
  writeFileSync(join(folder, 'templates/notes.yaml'), `kind: Notes\ntext: |\n  Notes:\n${notes}`)
  const args = ['template', 's3', folder, '--kube-version', '1.30.0', '--namespace', 'storage']
  const own = await runTool(helm ?? [''], [
    ...args,
    ...['--show-only', 'templates/notes.yaml', '--set', 'existingConfigMap=my-proxy'],
  ])
  t.equal(own.stderr, '')
  t.match(own.stdout, 'in front of the endpoint that proxy.yaml of the ConfigMap my-proxy names.\n')
  t.match(own.stdout, 'set config.drainSeconds to the same')
  t.notMatch(own.stdout, /minio:9000|No bucket has rules/, 'nothing of the values that are not used')
  const { stdout, stderr } = await runTool(helm ?? [''], [...args, '--show-only', 'templates/notes.yaml'])
  t.equal(stderr, '')
  t.match(stdout, 's3-cors-proxy stands in front of http://minio:9000.\n')
  t.match(stdout, 'No bucket has rules yet')
  t.match(stdout, 'port-forward deployment/s3-s3-cors-proxy 9464')
  t.match(stdout, 'Pods with user namespaces (hostUsers: false) need a token for this: set secrets.adminToken.')
  const withToken = ['--show-only', 'templates/notes.yaml', '--set', 'secrets.adminToken=proxy']
  const guarded = await runTool(helm ?? [''], [...args, ...withToken])
  t.match(guarded.stdout, 'It asks for a password: admin-token of the Secret proxy.')
  t.notMatch(guarded.stdout, 'hostUsers')
})

t.test('the chart has the version of the package', async t => {
  const { version } = JSON.parse(readFileSync(join(deployFolder, '../package.json'), 'utf8')) as { version: string }
  const metadata = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as { version: string; appVersion: string }
  t.strictSame([metadata.version, metadata.appVersion], [version, version])
  for (const file of ['kubernetes/gateway/kustomization.yaml', 'kubernetes/sidecar/kustomization.yaml']) {
    t.match(readFileSync(join(deployFolder, file), 'utf8'), `newTag: ${version}\n`)
  }
  t.match(readFileSync(join(deployFolder, 'compose/compose.yaml'), 'utf8'), `image: s3-cors-proxy:${version}\n`)
})
