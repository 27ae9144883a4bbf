// Reads a Dockerfile, and does what it says without an engine: each stage in a folder of its own, on this machine's Node.js.

import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { execFile } from '../fixtures/children.ts'

/** One instruction, its continued lines joined. */
export interface Instruction {
  readonly name: string
  readonly flags: readonly string[]
  readonly text: string
}

/** A stage, from its FROM on. */
export interface Stage {
  readonly base: string
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = []
  const lines = text.split('\n').filter(line => !/^\s*(?:#|$)/.test(line))
  for (const line of lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')) {
    const [, name = '', flags = '', rest = ''] = /^([A-Z]+)\s+((?:--\S+\s+)*)(.*)$/.exec(line) ?? []
    if (name === '') throw new Error(`not an instruction: ${line}`)
    if (name === 'FROM') {
      const [base = '', stage] = rest.split(/\s+AS\s+/)
      stages.push({ base, name: stage, instructions: [] })
      continue
    }
    const stage = stages.at(-1)
    if (stage === undefined) throw new Error(`before the first FROM: ${line}`)
    stage.instructions.push({ name, flags: flags.split(/\s+/).filter(flag => flag !== ''), text: rest })
  }
  return stages
}

/** The words of an exec form; undefined for a shell form. */
export function execForm(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined
  const words: unknown = JSON.parse(text)
  return Array.isArray(words) && words.every(word => typeof word === 'string') ? words : undefined
}

/** The value of a flag such as `--from=build`. */
export function flagOf({ flags }: Instruction, name: string): string | undefined {
  return flags.find(flag => flag.startsWith(`--${name}=`))?.slice(name.length + 3)
}

/** What COPY takes, and where to. */
export function copied({ text }: Instruction): { readonly sources: readonly string[]; readonly target: string } {
  const words = text.split(/\s+/)
  return { sources: words.slice(0, -1), target: words.at(-1) ?? '' }
}

const run = promisify(execFile)

/** Runs every stage below `folder` and gives the last one's, which stands for /app. `environment` is that of RUN. */
export async function buildStages(
  stages: readonly Stage[],
  context: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const folders = new Map<string, string>()
  let here = folder
  for (const [index, { base, name, instructions }] of stages.entries()) {
    here = join(folder, name ?? String(index))
    const parent = folders.get(base)
    if (parent === undefined) mkdirSync(here)
    else cpSync(parent, here, { recursive: true, verbatimSymlinks: true })
    for (const instruction of instructions) {
      if (instruction.name === 'COPY') copyInto(here, instruction, context, folders)
      if (instruction.name !== 'RUN') continue
      await run('sh', ['-c', instruction.text], { cwd: here, env: environment, maxBuffer: 64 * 1024 * 1024 })
    }
    if (name !== undefined) folders.set(name, here)
  }
  return here
}

function copyInto(here: string, instruction: Instruction, context: string, folders: ReadonlyMap<string, string>): void {
  const { sources, target } = copied(instruction)
  const from = flagOf(instruction, 'from')
  for (const source of sources) {
    // A program of the base image: this machine has its own.
    if (from !== undefined && !source.startsWith('/app/')) continue
    const path =
      from === undefined ? join(context, source) : join(folders.get(from) ?? from, source.replace('/app/', ''))
    if (!existsSync(path)) throw new Error(`COPY ${source}: there is no ${path}`)
    const into = target.endsWith('/') ? join(here, target, basename(source)) : join(here, target)
    cpSync(path, into, { recursive: true, verbatimSymlinks: true })
  }
}
