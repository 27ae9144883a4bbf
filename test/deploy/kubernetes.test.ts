import { join } from 'node:path'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { startProxy } from '../fixtures/proxy-process.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { checkConfiguration } from './configuration-check.ts'
import { faultsOf, type KubernetesObject, nameOf, parseObjects } from './kubernetes-objects.ts'
import { containerNamed, podFaults, podTemplateOf } from './pods.ts'
import { referenceFaults } from './references.ts'
import { deployFolder, findKustomize, howToGetTools, runTool } from './tools.ts'

t.setTimeout(300_000)

const kustomize = findKustomize()
const skip = skipWithout('kustomize', kustomize !== undefined, howToGetTools)
const withoutToken = /other machines reach the admin port and no S3CORS_ADMIN_TOKEN is set/

async function build(base: string): Promise<readonly KubernetesObject[]> {
  const { exitCode, stdout, stderr } = await runTool(kustomize ?? [''], [join(deployFolder, 'kubernetes', base)])
  if (exitCode !== 0 || stderr !== '') throw new Error(`${base}: ${stderr}`)
  return parseObjects(stdout)
}

function object(objects: readonly KubernetesObject[], name: string): KubernetesObject | undefined {
  return objects.find(candidate => nameOf(candidate) === name)
}

async function testBase(t: Test, objects: readonly KubernetesObject[]): Promise<void> {
  t.strictSame(await faultsOf(objects), [], 'no unknown field, no wrong value')
  t.strictSame(referenceFaults(objects), [], 'every name means something')
  t.strictSame(podFaults(objects, 25), [], 'restricted pods that end in time; nothing is mounted with subPath')
  const configMap = object(objects, 'ConfigMap s3-cors-proxy') as { data?: Record<string, string> } | undefined
  const { exitCode, issues } = await checkConfiguration(configMap?.data?.['proxy.yaml'] ?? '')
  t.equal(exitCode, 0)
  t.match(issues, [withoutToken], 'its token is in the Secret')
  t.equal(issues.length, 1)
}

t.test('the gateway', { skip }, async t => {
  const objects = await build('gateway')
  t.strictSame(objects.map(nameOf).toSorted(), [
    'ConfigMap s3-cors-proxy',
    'Deployment s3-cors-proxy',
    'HorizontalPodAutoscaler s3-cors-proxy',
    'NetworkPolicy s3-cors-proxy',
    'NetworkPolicy s3-endpoint',
    'PodDisruptionBudget s3-cors-proxy',
    'Service s3-cors-proxy',
    'Service s3-cors-proxy-admin',
    'ServiceAccount s3-cors-proxy',
  ])
  await testBase(t, objects)
  const pod = podTemplateOf(object(objects, 'Deployment s3-cors-proxy') as KubernetesObject)
  t.match(pod?.spec?.topologySpreadConstraints, [
    { topologyKey: 'kubernetes.io/hostname' },
    { topologyKey: 'topology.kubernetes.io/zone' },
  ])
  const endpoint = object(objects, 'NetworkPolicy s3-endpoint') as unknown as INetworkPolicy
  t.strictSame(
    endpoint.spec?.ingress,
    [
      {
        ports: [{ port: 9000 }],
        from: [{ podSelector: { matchLabels: pod?.metadata?.labels } }, { podSelector: endpoint.spec?.podSelector }],
      },
    ],
    'the endpoint is reached by the proxy and by itself alone',
  )
})

t.test('the sidecar', { skip }, async t => {
  const objects = await build('sidecar')
  t.strictSame(objects.map(nameOf).toSorted(), [
    'ConfigMap s3-cors-proxy',
    'NetworkPolicy minio',
    'Service minio',
    'Service minio-pods',
    'ServiceAccount minio',
    'StatefulSet minio',
  ])
  await testBase(t, objects)
  const pod = podTemplateOf(object(objects, 'StatefulSet minio') as KubernetesObject)?.spec
  t.strictSame(
    pod?.initContainers?.map(({ name, restartPolicy }) => [name, restartPolicy]),
    [['s3-cors-proxy', 'Always']],
    'the proxy is a native sidecar',
  )
  const minio = containerNamed(pod, 'minio')
  t.match(minio?.args?.join(' '), / --address 127\.0\.0\.1:9000 --console-address 127\.0\.0\.1:9001$/)
  t.equal(minio?.ports, undefined, 'no port of MinIO is published')
})

const minioSkip = skip || skipWithout('MinIO', findMinio() !== undefined, howToGetMinio)

t.test('the sidecar answers as the probes of its pod ask', { skip: minioSkip }, async t => {
  const objects = await build('sidecar')
  const pod = podTemplateOf(object(objects, 'StatefulSet minio') as KubernetesObject)?.spec
  const configMap = object(objects, 'ConfigMap s3-cors-proxy') as { data?: Record<string, string> } | undefined
  const minio = await startMinio()
  t.teardown(() => minio.stop())
  const { listen: _, admin: __, ...configuration } = parse(configMap?.data?.['proxy.yaml'] ?? '')
  const proxy = await startProxy(stringify({ ...configuration, upstream: { url: minio.endpoint } }))
  t.teardown(() => proxy.stop())
  const statusOf = async (url: string, path: string | undefined) => (await fetch(`${url}${path}`)).status
  const sidecar = containerNamed(pod, 's3-cors-proxy')
  for (const probe of [sidecar?.startupProbe, sidecar?.livenessProbe, sidecar?.readinessProbe]) {
    t.equal(await statusOf(proxy.adminUrl, probe?.httpGet?.path), 200, probe?.httpGet?.path ?? 'no path')
  }
  const ready = containerNamed(pod, 'minio')?.readinessProbe
  t.strictSame(ready?.exec?.command, ['mc', 'ready', 'local'], 'MinIO is asked beside the proxy')
  t.equal(await statusOf(proxy.url, '/minio/health/ready'), 403, 'which refuses clients its health paths')
})
