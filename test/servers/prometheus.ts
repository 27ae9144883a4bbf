// A real Prometheus that scrapes what a test starts, and promtool.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-ports.ts'
import { findExecutable } from './installed.ts'
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

export interface PrometheusOptions {
  /** `host:port` of each /metrics; job and instance are as Prometheus makes them. */
  readonly targets: readonly string[]
  readonly job?: string | undefined
  readonly ruleFiles?: readonly string[] | undefined
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
  return findPromtool() === undefined ? undefined : findExecutable('prometheus')
}

export function findPromtool(): string | undefined {
  return findExecutable('promtool')
}

/** Scrapes every second. */
export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const command = findPrometheus()
  if (command === undefined) throw new Error(`Prometheus is not installed: ${howToGetPrometheus}`)
  const url = `http://127.0.0.1:${await freePort()}`
  const folder = createServerFolder('prometheus')
  const configFile = join(folder, 'prometheus.yml')
  writeFileSync(configFile, JSON.stringify(configuration(options)))
  const server = startProcess('prometheus', folder, command, [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${new URL(url).host}`,
  ])
  return startOrStop([server], folder, async () => {
    await waitUntilReady(server, () => answers(`${url}/-/ready`, status => status === 200))
    return { url, query: expression => query(url, expression), stop: options => stopAll([server], folder, options) }
  })
}

/** JSON is YAML. */
function configuration({ targets, job = 's3-cors-proxy', ruleFiles = [] }: PrometheusOptions) {
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ruleFiles,
    scrape_configs: [{ job_name: job, static_configs: [{ targets }] }],
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
