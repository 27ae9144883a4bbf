// What a Kubernetes API server would refuse of an object, as far as it can be told offline. Two judges: the types of
// kubernetes-models, whose excess properties are unknown fields, and the packages' own checks of values.

import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { parseAllDocuments } from 'yaml'

/** An object of a manifest. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly [key: string]: unknown
}

/** Every object of a stream of YAML documents; throws on YAML that is not well-formed, duplicate keys included. */
export function parseObjects(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text).flatMap(document => {
    const [error] = document.errors
    if (error !== undefined) throw error
    const value: unknown = document.toJS()
    return value === null ? [] : [value as KubernetesObject]
  })
}

/** `Deployment s3-cors-proxy`, to name an object by. */
export function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.name}`
}

const customGroup = 'monitoring.coreos.com/'

/** The module of an object's type, as kubernetes-models names it. */
function moduleOf({ apiVersion, kind }: KubernetesObject): string {
  const owner = apiVersion.startsWith(customGroup) ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models'
  return `${owner}/${apiVersion}/${kind}`
}

/** One line for each fault of the objects' structure; none when all is well. */
export async function faultsOf(objects: readonly KubernetesObject[]): Promise<readonly string[]> {
  const faults = await Promise.all(objects.map(valueFaults))
  const known = objects.filter((_, index) => faults[index] !== undefined)
  const unknown = objects.filter(object => !known.includes(object))
  return [
    ...unknown.map(object => `${nameOf(object)}: ${object.apiVersion} ${object.kind} is no known kind`),
    ...typeFaults(known),
    ...faults.flatMap(lines => lines ?? []),
  ]
}

/** The types say which fields there are and which of them must be there. */
function typeFaults(objects: readonly KubernetesObject[]): readonly string[] {
  // As if it lay here, so that the packages are found.
  const file = fileURLToPath(new URL('rendered-objects.ts', import.meta.url))
  const lines = objects.map(
    (object, index) =>
      `import type { I${object.kind} as T${index} } from '${moduleOf(object)}'; export const o${index}: T${index} = ${JSON.stringify(object)}`,
  )
  const source = lines.join('\n')
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = name => name === file || fileExists(name)
  host.readFile = name => (name === file ? source : readFile(name))
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest)
  const program = ts.createProgram([file], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file: where, start = 0, messageText }) => {
    const object = objects[where?.getLineAndCharacterOfPosition(start).line ?? -1]
    return `${object === undefined ? 'objects' : nameOf(object)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

interface Checked {
  validate(): void
}

type Kinds = Readonly<Record<string, (new (data: object) => Checked) | undefined>>

/** The checks of values: enumerations, patterns, quantities, integers. Undefined for an object of no known kind. */
async function valueFaults(object: KubernetesObject): Promise<readonly string[] | undefined> {
  let kinds: Kinds
  try {
    kinds = (await import(moduleOf(object))) as Kinds
  } catch {
    return undefined
  }
  const Kind = kinds[object.kind]
  if (Kind === undefined) return undefined
  try {
    new Kind(object).validate()
    return []
  } catch (error) {
    return [`${nameOf(object)}: ${error instanceof Error ? error.message : String(error)}`]
  }
}
