// The figures that the documents give, from the reports that stand in test/bench/results: each has one source. After
// `npm run bench -- --out test/bench/results/shared` (or `fast`), `npm run generate` writes them anew. `fast` is a machine whose cores the
// benchmark has to itself, `shared` one whose cores and caches others use, too.

import { scenarios } from '../scenarios/requests.ts'
import { describeRun, type MachineDescription } from './machine-line.ts'
import { renderPlot } from './plot.ts'
import { number, ratio } from './table.ts'

/** What stands in report.json, as far as documents tell it. */
export interface Report {
  readonly machine: MachineDescription
  readonly asked: { readonly runs: number }
  readonly sections: readonly { readonly name: string; readonly title: string; readonly data: unknown }[]
}

/** One for each kind of machine; undefined where none was made yet. */
export interface Reports {
  readonly fast: Report
  readonly shared: Report | undefined
}

interface PeerFigures {
  readonly peer: string
  readonly cpuMicrosecondsPerRequest: number
  readonly toNginx?: number
}

const peers = [
  ['nginx', 'nginx'],
  ['haproxy', 'HAProxy'],
  ['http-proxy-3', 'http-proxy-3'],
  ['httpxy', 'httpxy'],
  ['@fastify/http-proxy', '@fastify/http-proxy'],
] as const

/** Those that speak HTTP/2 to their clients; the last is Node's own, with nothing around it. */
const http2Peers = [
  ['nginx', 'nginx'],
  ['haproxy', 'HAProxy'],
  ['node:http2', '`node:http2`'],
] as const

/** The requests by which a deployment is sized. */
const sizing = ['preflight', 'get-1k', 'get-1m', 'put-1m']

/** Fills what stands between `<!-- figures NAME -->` and `<!-- end -->`. Throws for a name that it does not know. */
export function withFigures(text: string, reports: Reports): string {
  const { fast } = reports
  return text.replace(
    /(<!-- figures (\S+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, begin: string, name: string, end: string) => {
      switch (name) {
        case 'requests':
          return `${begin}\n${requestTable(reports, peers, ({ name }) => !isHttp2(name))}\n${sources(reports)}\n\n${end}`
        case 'http2':
          return `${begin}\n${requestTable(reports, http2Peers, ({ name }) => isHttp2(name))}\n${end}`
        case 'further':
          return `${begin}\n${furtherTable(reports)}\n${end}`
        case 'sizing':
          return `${begin}\n${sizingTable(fast)}\n${source(fast)}\n\n${end}`
        default:
          throw new Error(`expected figures of requests, http2, further or sizing, got ${name}`)
      }
    },
  )
}

/** The picture of the comparisons. */
export function plotOf(report: Report): string {
  const panels = comparisons(report).map(({ title, figures }) => ({
    title,
    figures: figures.map(one => ({
      requestsPerSecond: Number.NaN,
      mibPerSecond: Number.NaN,
      peakMemoryMiB: Number.NaN,
      toNginx: undefined,
      toBestNodePeer: undefined,
      toBaseline: undefined,
      errors: [],
      ...one,
    })),
  }))
  return renderPlot(panels, describeRun(report.machine))
}

function comparisons({ sections }: Report) {
  return sections.flatMap(({ name, title, data }) => {
    const figures = (data as { readonly figures?: readonly PeerFigures[] }).figures
    return figures === undefined ? [] : [{ name, title, figures }]
  })
}

function isHttp2(name: string): boolean {
  return name.startsWith('h2-')
}

/**
 * A request that one of the machines was not asked for is told as missing there; a machine that was asked for none of them has no
 * column. The others' figures are those of the first machine.
 */
function requestTable(
  { fast, shared }: Reports,
  others: readonly (readonly [peer: string, shown: string])[],
  isShown: (part: { readonly name: string }) => boolean,
): string {
  const titles = new Map(scenarios.filter(isShown).map(({ name, title }) => [name, title]))
  const all: readonly (readonly [kind: string, report: Report])[] =
    shared === undefined
      ? [['', fast]]
      : [
          [', fast', fast],
          [', shared', shared],
        ]
  const asked = all.filter(([, report]) => comparisons(report).some(({ name }) => titles.has(name)))
  const kinds = asked.length === 0 ? all : asked
  const head = [
    'CPU µs per request',
    ...kinds.flatMap(([kind]) => [`${own}${kind}`, `${byNginx}${kind}`]),
    ...others.map(([, shown]) => `${shown}${kinds[0]?.[0]}`),
  ]
  const rows = [...titles].map(([name, title]) => {
    const of = (report: Report | undefined, peer: string) =>
      report &&
      comparisons(report)
        .find(one => one.name === name)
        ?.figures.find(one => one.peer === peer)
    const ownCells = kinds.flatMap(([, report]) => {
      const figures = of(report, 'proxy')
      return figures === undefined
        ? [missing, missing]
        : [`**${microseconds(figures)}**`, ratio(figures.toNginx) ?? missing]
    })
    return [title, ...ownCells, ...others.map(([peer]) => microseconds(of(kinds[0]?.[1], peer)))]
  })
  return markdown(head, rows)
}

const own = '**this proxy**'
const byNginx = '÷ nginx'
const missing = 'not measured'

function sizingTable(report: Report): string {
  const rows = comparisons(report)
    .filter(({ name }) => sizing.includes(name))
    .map(({ title, figures }) => {
      const own = figures.find(({ peer }) => peer === 'proxy')
      return [title, `${microseconds(own)} µs`, `${ratio(own?.toNginx) ?? ''} times`]
    })
  return markdown(['one request', 'CPU', 'beside nginx'], rows)
}

/** What was measured besides; a part that is in no report has no row. */
function furtherTable({ fast, shared }: Reports): string {
  const reports = shared === undefined ? [fast] : [fast, shared]
  const rows = Object.entries(further).flatMap(([name, row]) => {
    const found = reports.map(({ sections }) => sections.find(one => one.name === name))
    const cells = found.map(section => (section === undefined ? undefined : row(section.data)))
    const title = cells.find(cell => cell !== undefined)?.[0]
    return title === undefined ? [] : [[title, ...cells.map(cell => cell?.[1] ?? missing)]]
  })
  return markdown(shared === undefined ? ['besides', ''] : ['besides', 'fast', 'shared'], rows)
}

interface Latency {
  readonly scenario: string
  readonly peer: string
  readonly addedP50: number
  readonly addedP99: number
}
interface Bucketed {
  readonly peer: string
  readonly cpuToOne: number
}
interface Switched {
  readonly request: string
  readonly peer: string
  readonly toOff: number
}
interface Shared {
  readonly scenario: string
  readonly peer: string
  readonly throughputToOne: number
  readonly room: string
}
interface Reload {
  readonly startMs: number
  readonly movedP99Ms: number
  readonly movedByOtherMs: number
}

interface Silence {
  readonly peer: string
  readonly silenceSeconds: number
  readonly tookMs: number
  readonly toNginx?: number
}

const shownAs: Readonly<Record<string, string>> = { preflight: 'preflight', 'get-1k': '`GET` of 1 KiB' }

const further: Readonly<Record<string, (data: unknown) => readonly string[]>> = {
  latency(data) {
    const own = (data as readonly Latency[]).filter(({ peer }) => peer === 'proxy')
    const each = own.map(
      ({ scenario, addedP50, addedP99 }) =>
        `${shownAs[scenario]} p50 ${milliseconds(addedP50)} ms, p99 ${milliseconds(addedP99)} ms`,
    )
    return ['added latency at 1,000 requests a second', each.join('; ')]
  },
  silence(data) {
    const each = (data as readonly Silence[])
      .filter(({ peer }) => peer === 'proxy')
      .map(one => `${one.tookMs.toFixed(0)} ms after ${one.silenceSeconds} s${beside(one.toNginx)}`)
    return ['six `GET`s at once after silence, HTTPS endpoint 50 ms away', each.join(', ')]
  },
  'stalled-readers'(data) {
    const own = (data as readonly { readonly peer: string; readonly peakMiB: number }[]).find(
      ({ peer }) => peer === 'proxy',
    )
    return ['resident memory, 64 readers stalled in objects of 256 MiB', `${own?.peakMiB.toFixed(0)} MiB`]
  },
  'many-buckets'(data) {
    const of = (name: string) => ratio((data as readonly Bucketed[]).find(({ peer }) => peer === name)?.cpuToOne)
    const text = `${of('preflight-of-10000')} times the CPU of a preflight, ${of('preflight-all-10000')} when every one is for another bucket`
    return ['a bucket of 10,000 with 100 rules each, against 1 with 1', text]
  },
  'full-configuration'(data) {
    const { startMs, movedP99Ms, movedByOtherMs } = data as Reload
    const text = `starts in ${(startMs / 1000).toFixed(1)} s; a reload again and again moves the p99 of requests by ${movedP99Ms.toFixed(1)} ms, \`check\` of the same file by ${movedByOtherMs.toFixed(1)} ms`
    return ['a configuration of 1 MiB', text]
  },
  'switched-on'(data) {
    const each = (data as readonly Switched[])
      .filter(({ peer }) => peer !== 'off' && peer !== 'no-metrics')
      .map(({ request, peer, toOff }) => `${peer} ${ratio(toOff)} times a ${shownAs[request]}`)
    return ['CPU with what is switched on', each.join(', ')]
  },
  workers(data) {
    const two = (data as readonly Shared[]).filter(({ peer }) => peer === 'workers-2')
    const each = two.map(
      ({ scenario, throughputToOne }) => `${throughputToOne.toFixed(1)} times for a ${shownAs[scenario]}`,
    )
    const room = two[0]?.room === 'shares' ? ', each with a quarter of a core' : ''
    return [`throughput of \`workers: 2\`${room}`, each.join(', ')]
  },
}

function beside(toNginx: number | undefined): string {
  return toNginx === undefined ? '' : ` (${ratio(toNginx)} times nginx)`
}

function sources({ fast, shared }: Reports): string {
  if (shared === undefined) return `${source(fast)}\nNot measured yet: a machine whose cores others use, too.`
  return `Fast: ${source(fast)}\nShared cores: ${source(shared)}`
}

function source({ machine, asked }: Report): string {
  return `${machine.date.slice(0, 10)}, ${describeRun({ ...machine, date: '' })}; medians of ${asked.runs} interleaved runs.`
}

function microseconds(figures: PeerFigures | undefined): string {
  const value = figures?.cpuMicrosecondsPerRequest
  if (value === undefined) return missing
  return value >= 10_000 ? Math.round(value).toLocaleString('en') : (number(value) ?? '')
}

function milliseconds(microseconds: number): string {
  const value = microseconds / 1000
  return value < 0.1 ? value.toFixed(2) : value.toFixed(1)
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, at) => (at === 0 ? '---' : '--:'))
  return [head, rule, ...rows].map(row => `| ${row.join(' | ')} |\n`).join('')
}
