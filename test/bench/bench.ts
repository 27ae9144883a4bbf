// `npm run bench`: this proxy and its peers, side by side in one run. A benchmark, not a test of time: it fails on errors only.

import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchArguments, readArguments, usage } from './arguments.ts'
import type { Part } from './bench-run.ts'
import { checkoutOf, copyBuiltProgram } from './built-program.ts'
import { missingParts, pinMyself } from './machine.ts'
import { haproxyPeer } from './peers/haproxy.ts'
import { nginxPeer } from './peers/nginx.ts'
import { createNodePeer } from './peers/node-peer.ts'
import { serving } from './peers/peer.ts'
import { createProxyPeer } from './peers/proxy.ts'
import { renderSection, type Section } from './report/section.ts'
import { writeReport } from './report/written-report.ts'
import { comparisonOf } from './scenarios/comparison.ts'
import { fullConfiguration } from './scenarios/full-configuration.ts'
import { latency } from './scenarios/latency.ts'
import { manyBuckets } from './scenarios/many-buckets.ts'
import { slowReaders, stalledReaders } from './scenarios/readers.ts'
import { scenarios } from './scenarios/requests.ts'
import { silence } from './scenarios/silence.ts'
import { switchedOn } from './scenarios/switched-on.ts'
import { workers } from './scenarios/workers.ts'
import { startUpstream } from './upstream.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

const parts: readonly Part[] = [
  ...scenarios.map(comparisonOf),
  latency,
  silence,
  slowReaders,
  stalledReaders,
  manyBuckets,
  fullConfiguration,
  workers,
  switchedOn,
]

const otherPeers = [
  nginxPeer,
  haproxyPeer,
  createNodePeer('http-proxy-3', 'http-proxy-3-server.ts'),
  createNodePeer('httpxy', 'httpxy-server.ts'),
  createNodePeer('@fastify/http-proxy', 'fastify-server.ts'),
  createNodePeer('node:http2', 'http2-server.ts', ['HTTP/2']),
]

async function bench(asked: BenchArguments): Promise<readonly Section[]> {
  const needed = ['wrk', 'taskset', 'nginx', ...asked.peers.filter(name => name === 'haproxy')]
  const missing = missingParts(needed)
  if (missing.length > 0) throw new Error(missing.join('\n'))
  const measured = withoutMissing(parts.filter(({ name }) => asked.scenarios.includes(name)))
  const profiles = asked.profiles === undefined ? undefined : resolve(asked.profiles)
  if (profiles !== undefined) mkdirSync(profiles, { recursive: true })
  const programs = [copyBuiltProgram(root)]
  if (asked.baseline !== undefined) programs.push(copyBuiltProgram(checkoutOf(resolve(asked.baseline))))
  const [own = '', baseline] = programs.map(({ cli }) => cli)
  const peers = [
    createProxyPeer(own, { name: 'proxy' }),
    ...(baseline === undefined ? [] : [createProxyPeer(baseline, { name: 'baseline' })]),
    ...otherPeers,
  ].filter(({ name }) => name === 'baseline' || asked.peers.includes(name))
  pinMyself()
  const upstream = await startUpstream()
  const sections: Section[] = []
  try {
    for (const part of measured) {
      const progress = (text: string) => process.stderr.write(`${part.name}: ${text}\n`)
      const variant = (one: Parameters<typeof createProxyPeer>[1]) => createProxyPeer(own, one)
      const section = await part.run({
        ...asked,
        upstream,
        peers: serving(peers, part.isHttp2 === true),
        variant,
        profiles,
        progress,
      })
      sections.push(section)
      process.stdout.write(`${renderSection(section)}\n`)
      // After each, so that a run that is cut short has left something.
      if (asked.out !== undefined) writeReport(asked.out, sections, asked)
    }
  } finally {
    await upstream.stop()
    for (const program of programs) program.remove()
  }
  return sections
}

/** Leaves out, and says so, what needs h2load where that is not installed. Throws when nothing remains. */
function withoutMissing(asked: readonly Part[]): readonly Part[] {
  const missing = asked.some(({ isHttp2 }) => isHttp2) ? missingParts(['h2load']) : []
  if (missing.length === 0) return asked
  const left = asked.filter(({ isHttp2 }) => isHttp2 !== true)
  if (left.length === 0) throw new Error(missing.join('\n'))
  process.stderr.write(`no HTTP/2 is measured: ${missing.join('; ')}\n`)
  return left
}

try {
  const names = parts.map(({ name }) => name)
  const asked = readArguments(process.argv.slice(2), names, ['proxy', ...otherPeers.map(({ name }) => name)])
  if (asked === undefined) {
    process.stdout.write(`${usage}\n${parts.map(({ name, title }) => `  ${name.padEnd(20)} ${title}\n`).join('')}`)
  } else {
    const sections = await bench(asked)
    process.exitCode = sections.some(({ errors }) => errors.length > 0) ? 1 : 0
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
