// A real Prometheus that scrapes what a test starts, and promtool.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-ports.ts'
import { builtTool, findExecutable, usable } from './installed.ts'
import {
  answers,
  createServerFolder,
  type StopOptions,
  startOrStop,
  startProcess,
  stopAll,
  waitUntilReady,
} from './server-process.ts'

export const howToGetPrometheus = 'apt-get install --no-install-recommends prometheus'

/** A program that scrapes and answers PromQL, and the one that tests rules for it. */
export interface Scraper {
  readonly name: string
  /** Undefined where it is not installed. */
  readonly server: string | undefined
  /** promtool, or VictoriaMetrics' vmalert-tool. */
  readonly ruleTester: string | undefined
  readonly howToGetIt: string
}

const howToBuildScrapers =
  'bash test/deploy/install-tools.sh prometheus promtool victoria-metrics vmalert-tool (Go 1.26, some minutes)'

/** Those that rules and dashboard are for. The first is what the system has: Debian 12's is 2.42. */
export const scrapers: readonly [system: Scraper, ...built: Scraper[]] = [
  {
    name: 'Prometheus of the system',
    server: ofSystem('Prometheus of the system', 'prometheus'),
    ruleTester: ofSystem('Prometheus of the system', 'promtool'),
    howToGetIt: howToGetPrometheus,
  },
  {
    name: 'Prometheus 3',
    server: findExecutable(builtTool('prometheus')),
    ruleTester: findExecutable(builtTool('promtool')),
    howToGetIt: howToBuildScrapers,
  },
  {
    name: 'VictoriaMetrics',
    server: findExecutable(builtTool('victoria-metrics')),
    ruleTester: findExecutable(builtTool('vmalert-tool')),
    howToGetIt: howToBuildScrapers,
  },
]

export interface PrometheusOptions {
  /** The first of {@link scrapers} unless given. */
  readonly scraper?: Scraper | undefined
  /** `host:port` of each /metrics; job and instance are as Prometheus makes them. */
  readonly targets: readonly string[]
  readonly job?: string | undefined
  /** Further keys of the scrape_config. */
  readonly scrapeConfig?: Readonly<Record<string, unknown>> | undefined
}

/** One series of an instant query's result. */
export interface PrometheusSample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}

export interface PrometheusServer {
  readonly url: string
  query(expression: string): Promise<readonly PrometheusSample[]>
  stop(options?: StopOptions): Promise<void>
}

export function findPrometheus(): string | undefined {
  return findPromtool() === undefined ? undefined : ofSystem('Prometheus', 'prometheus')
}

export function findPromtool(): string | undefined {
  return ofSystem('Prometheus', 'promtool')
}

function ofSystem(name: string, program: string): string | undefined {
  return usable({ name, file: findExecutable(program), oldest: '2.42' })
}

/** Scrapes every second. */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const { name, server: command, howToGetIt } = options.scraper ?? scrapers[0]
  if (command === undefined) throw new Error(`${name} is not installed: ${howToGetIt}`)
  const url = `http://127.0.0.1:${await freePort()}`
  const folder = createServerFolder('prometheus')
  const configFile = join(folder, 'prometheus.yml')
  writeFileSync(configFile, JSON.stringify(configuration(options)))
  const files = { configFile, data: join(folder, 'data'), address: new URL(url).host }
  const server = startProcess('prometheus', folder, command, argumentsOf(name, files))
  return startOrStop([server], folder, async () => {
    await waitUntilReady(server, () => answers(`${url}/-/ready`, status => status === 200))
    return { url, query: expression => query(url, expression), stop: options => stopAll([server], folder, options) }
  })
}

interface ScraperFiles {
  readonly configFile: string
  readonly data: string
  readonly address: string
}

function argumentsOf(name: string, { configFile, data, address }: ScraperFiles): readonly string[] {
  if (name === 'VictoriaMetrics') {
    return [
      `-promscrape.config=${configFile}`,
      `-storageDataPath=${data}`,
      `-httpListenAddr=${address}`,
      // Unless told otherwise, the last half minute is not shown.
      '-search.latencyOffset=0s',
    ]
  }
  return [`--config.file=${configFile}`, `--storage.tsdb.path=${data}`, `--web.listen-address=${address}`]
}

/** JSON is YAML. */
function configuration({ targets, job = 's3-cors-proxy', scrapeConfig = {} }: PrometheusOptions) {
  return {
    global: { scrape_interval: '1s' },
    scrape_configs: [{ job_name: job, static_configs: [{ targets }], ...scrapeConfig }],
  }
}

async function query(url: string, expression: string): Promise<PrometheusSample[]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: expression }),
  })
  const body = (await response.json()) as {
    error?: string
    data?: { result: { metric: Record<string, string>; value: [number, string] }[] }
  }
  if (body.data === undefined) throw new Error(`${expression}: ${body.error}`)
  return body.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }))
}
