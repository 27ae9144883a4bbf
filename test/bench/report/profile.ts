// What a CPU profile says in a few lines: where the time itself was spent, most first.

import { readFileSync } from 'node:fs'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
  readonly startTime: number
}

/** A function, or `(garbage collector)`, `(program)`. */
export interface SelfTime {
  readonly place: string
  /** Of the time that was not idle. */
  readonly share: number
}

/** The largest self times between two moments, in microseconds of the monotonic clock. */
export function topSelfTimes(file: string, [from, to]: readonly [number, number], count: number): readonly SelfTime[] {
  const { nodes, samples, timeDeltas, startTime } = JSON.parse(readFileSync(file, 'utf8')) as Profile
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const sums = new Map<string, number>()
  let at = startTime
  let total = 0
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0
    at += delta
    const place = places.get(id) ?? '(unknown)'
    if (at < from || at > to || place === '(idle)') continue
    total += delta
    sums.set(place, (sums.get(place) ?? 0) + delta)
  }
  return [...sums]
    .map(([place, sum]) => ({ place, share: sum / total }))
    .toSorted((a, b) => b.share - a.share)
    .slice(0, count)
}

function placeOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const short = url.replace(/^.*\/(?=dist\/|node_modules\/)/, '').replace(/^file:\/\/.*\//, '')
  return `${name} ${short}:${lineNumber + 1}`
}
