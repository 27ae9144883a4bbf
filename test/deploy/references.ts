// Names by which objects of one rendering mean each other: selectors, ports, volumes, scale targets.

import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler'
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec'
import type { IService } from 'kubernetes-models/v1/Service'
import { type KubernetesObject, nameOf } from './kubernetes-objects.ts'
import { containersOf, podTemplateOf } from './pods.ts'

type Labels = Readonly<Record<string, string>>

interface Pods {
  readonly labels: Labels
  readonly spec: IPodSpec
}

/** One line for each name that means nothing; `outside` are names of objects that are made elsewhere, as `Kind name`. */
export function referenceFaults(
  objects: readonly KubernetesObject[],
  outside: readonly string[] = [],
): readonly string[] {
  const pods = objects.flatMap((object): Pods[] => {
    const template = podTemplateOf(object)
    return template?.spec === undefined ? [] : [{ labels: template.metadata?.labels ?? {}, spec: template.spec }]
  })
  const names = new Set([...objects.map(nameOf), ...outside])
  const faults = objects.flatMap(object => faultsOfOne(object, pods, names).map(fault => `${nameOf(object)}: ${fault}`))
  return [...faults, ...pods.flatMap(({ spec }) => volumeFaults(spec, names))]
}

function faultsOfOne(object: KubernetesObject, pods: readonly Pods[], names: ReadonlySet<string>): readonly string[] {
  switch (object.kind) {
    case 'Service': {
      const { spec } = object as unknown as IService
      const selected = select(pods, spec?.selector)
      const targets = (spec?.ports ?? []).map(port => port.targetPort ?? port.port)
      return selected.length === 0 ? ['selects no pod'] : targets.flatMap(target => portFault(selected, target))
    }
    case 'PodDisruptionBudget': {
      const { spec } = object as unknown as IPodDisruptionBudget
      return select(pods, spec?.selector?.matchLabels).length === 0 ? ['selects no pod'] : []
    }
    case 'HorizontalPodAutoscaler': {
      const target = (object as unknown as IHorizontalPodAutoscaler).spec?.scaleTargetRef
      return names.has(`${target?.kind} ${target?.name}`) ? [] : ['scales nothing that is here']
    }
    case 'NetworkPolicy': {
      const { spec } = object as unknown as INetworkPolicy
      const selected = select(pods, spec?.podSelector?.matchLabels)
      const ports = (spec?.ingress ?? []).flatMap(rule => rule.ports ?? []).map(({ port }) => port)
      // The endpoint's pods are made elsewhere, and their ports go by number.
      return selected.length === 0 ? [] : ports.flatMap(port => portFault(selected, port))
    }
    default: {
      const labels = podTemplateOf(object)?.metadata?.labels
      const selector = (object.spec as { selector?: { matchLabels?: Labels } } | undefined)?.selector?.matchLabels
      return labels === undefined || matches(labels, selector) ? [] : ['does not select its own pods']
    }
  }
}

function volumeFaults(spec: IPodSpec, names: ReadonlySet<string>): readonly string[] {
  const volumes = spec.volumes ?? []
  const wanted = volumes.flatMap(({ configMap, secret }) => [
    ...(configMap?.name === undefined || configMap.optional ? [] : [`ConfigMap ${configMap.name}`]),
    ...(secret?.secretName === undefined || secret.optional ? [] : [`Secret ${secret.secretName}`]),
  ])
  const mounted = containersOf(spec).flatMap(container => (container.volumeMounts ?? []).map(mount => mount.name))
  return [
    ...wanted.filter(name => !names.has(name)).map(name => `${name} is mounted and nowhere`),
    // A StatefulSet brings volumes of its own, by its templates.
    ...mounted
      .filter(name => name !== 'data' && !volumes.some(volume => volume.name === name))
      .map(n => `no volume ${n}`),
    ...volumes.filter(volume => !mounted.includes(volume.name)).map(({ name }) => `volume ${name} is not mounted`),
  ]
}

function matches(labels: Labels, selector: Labels | undefined): boolean {
  return selector !== undefined && Object.entries(selector).every(([name, value]) => labels[name] === value)
}

function select(pods: readonly Pods[], selector: Labels | undefined): readonly Pods[] {
  return pods.filter(({ labels }) => matches(labels, selector))
}

function portFault(pods: readonly Pods[], port: number | string | undefined): readonly string[] {
  const found = pods.some(({ spec }) =>
    containersOf(spec).some(container =>
      container.ports?.some(({ name, containerPort }) => name === port || containerPort === port),
    ),
  )
  return found ? [] : [`the pods have no port ${port}`]
}
