// What this project promises of every pod it deploys: the restricted Pod Security Standard, no more of Kubernetes than is
// needed, and time enough to end.

import type { IContainer } from 'kubernetes-models/v1/Container'
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec'
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec'
import { type KubernetesObject, nameOf } from './kubernetes-objects.ts'

/** The pod template of an object that has one. */
export function podTemplateOf(object: KubernetesObject): IPodTemplateSpec | undefined {
  return (object.spec as { template?: IPodTemplateSpec } | undefined)?.template
}

/** Init containers included: a sidecar is one. */
export function containersOf(pod: IPodSpec): readonly IContainer[] {
  return [...(pod.initContainers ?? []), ...pod.containers]
}

export function containerNamed(pod: IPodSpec | undefined, name: string): IContainer | undefined {
  return pod === undefined ? undefined : containersOf(pod).find(container => container.name === name)
}

/** One line for each promise that a pod of `objects` breaks. */
export function podFaults(objects: readonly KubernetesObject[], drainSeconds: number): readonly string[] {
  return objects.flatMap(object => {
    const pod = podTemplateOf(object)?.spec
    if (pod === undefined) return []
    const faults = [
      ...restrictedFaults(pod),
      ...modestyFaults(pod),
      ...endingFaults(pod, drainSeconds),
      ...probeFaults(pod),
    ]
    return faults.map(fault => `${nameOf(object)}: ${fault}`)
  })
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a read-only root. */
function restrictedFaults(pod: IPodSpec): readonly string[] {
  const faults: string[] = []
  const context = pod.securityContext
  if (context?.runAsNonRoot !== true || context.runAsUser === 0) faults.push('may run as root')
  if (context?.seccompProfile?.type !== 'RuntimeDefault') faults.push('has no seccomp profile')
  if (pod.hostNetwork || pod.hostPID || pod.hostIPC) faults.push('shares a namespace of the host')
  const allowed = [
    'name',
    'configMap',
    'secret',
    'emptyDir',
    'persistentVolumeClaim',
    'projected',
    'downwardAPI',
    'csi',
  ]
  for (const volume of pod.volumes ?? []) {
    const kinds = Object.keys(volume).filter(key => !allowed.includes(key))
    if (kinds.length > 0) faults.push(`volume ${volume.name} is of kind ${kinds}`)
  }
  for (const { name, securityContext, ports = [] } of containersOf(pod)) {
    if (securityContext?.allowPrivilegeEscalation !== false) faults.push(`${name} may escalate privileges`)
    if (securityContext?.readOnlyRootFilesystem !== true) faults.push(`${name} may write its root`)
    if (!securityContext?.capabilities?.drop?.includes('ALL')) faults.push(`${name} keeps capabilities`)
    if (securityContext?.capabilities?.add !== undefined) faults.push(`${name} adds capabilities`)
    if (securityContext?.privileged) faults.push(`${name} is privileged`)
    if (ports.some(port => port.hostPort !== undefined)) faults.push(`${name} takes a port of the host`)
  }
  return faults
}

function modestyFaults(pod: IPodSpec): readonly string[] {
  const faults: string[] = []
  if (pod.automountServiceAccountToken !== false) faults.push('mounts a token of the Kubernetes API')
  if (pod.enableServiceLinks !== false) faults.push('gets variables made of Service names')
  const subPaths = containersOf(pod).flatMap(container =>
    (container.volumeMounts ?? []).filter(mount => mount.subPath !== undefined || mount.subPathExpr !== undefined),
  )
  for (const mount of subPaths) faults.push(`${mount.mountPath} is mounted with subPath and never changes`)
  return faults
}

function endingFaults(pod: IPodSpec, drainSeconds: number): readonly string[] {
  const sleeps = containersOf(pod).map(container => container.lifecycle?.preStop?.sleep?.seconds ?? 0)
  const longest = Math.max(...sleeps)
  const grace = pod.terminationGracePeriodSeconds ?? 30
  const faults: string[] = []
  if (longest === 0) faults.push('gives clients no time to hear that it goes')
  if (grace <= longest + drainSeconds) faults.push(`${grace} s are no more than preStop and drainSeconds`)
  return faults
}

/** The kubelet asks the admin port, by its name, on which no bucket can lie. */
function probeFaults(pod: IPodSpec): readonly string[] {
  const proxy = containersOf(pod).find(container => container.name === 's3-cors-proxy')
  if (proxy === undefined) return ['has no container s3-cors-proxy']
  const wanted = { startupProbe: '/livez', livenessProbe: '/livez', readinessProbe: '/readyz' } as const
  return Object.entries(wanted).flatMap(([name, path]) => {
    const get = proxy[name as keyof typeof wanted]?.httpGet
    return get?.path === path && get.port === 'admin' ? [] : [`${name} does not ask ${path} of the admin port`]
  })
}
