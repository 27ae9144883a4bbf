// `npm run bench`: this proxy and its peers, side by side in one run.

import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readArguments } from './arguments.ts'
import { missingParts, pinMyself } from './machine.ts'
import { measure } from './measurement.ts'
import { haproxyPeer } from './peers/haproxy.ts'
import { nginxPeer } from './peers/nginx.ts'
import { createNodePeer } from './peers/node-peer.ts'
import { createProxyPeer } from './peers/proxy.ts'
import { figuresOf } from './report/figures.ts'
import { topSelfTimes } from './report/profile.ts'
import { number, ratio, renderTable } from './report/table.ts'
import { realisticSize } from './rule-set.ts'
import { scenarios } from './scenarios/scenario.ts'
import { startUpstream } from './upstream.ts'

const peers = [
  createProxyPeer({ name: 'proxy' }),
  nginxPeer,
  haproxyPeer,
  createNodePeer('http-proxy-3', 'http-proxy-3-server.ts'),
  createNodePeer('httpxy', 'httpxy-server.ts'),
  createNodePeer('@fastify/http-proxy', 'fastify-server.ts'),
]
const asked = readArguments(
  process.argv.slice(2),
  scenarios.map(({ name }) => name),
  peers.map(({ name }) => name),
)
const missing = missingParts(['wrk', 'taskset', 'nginx', 'haproxy'])
if (missing.length > 0) {
  process.stderr.write(`${missing.join('\n')}\n`)
  process.exit(1)
}
const profiles = asked.profiles === undefined ? undefined : resolve(asked.profiles)
if (profiles !== undefined) mkdirSync(profiles, { recursive: true })
pinMyself()

const chosen = peers.filter(({ name }) => asked.peers.includes(name))
if (asked.baseline !== undefined) chosen.push(createProxyPeer({ name: 'baseline', cli: resolve(asked.baseline) }))
const upstream = await startUpstream()
let failed = false
try {
  for (const scenario of scenarios.filter(({ name }) => asked.scenarios.includes(name))) {
    const profile = profiles === undefined ? undefined : { folder: profiles, name: `${scenario.name}.cpuprofile` }
    const results = await measure(
      scenario,
      chosen,
      peer => ({
        upstream,
        tls: scenario.tls,
        size: realisticSize,
        profile: peer.name === 'proxy' ? profile : undefined,
      }),
      asked,
    )
    const rows = figuresOf(results).map(one => [
      one.peer,
      number(one.cpuMicrosecondsPerRequest),
      ratio(one.toNginx),
      ratio(one.toBestNodePeer),
      number(one.requestsPerSecond),
      number(one.mibPerSecond),
      number(one.peakMemoryMiB),
    ])
    process.stdout.write(`\n## ${scenario.title} (${scenario.name})\n\n`)
    process.stdout.write(
      renderTable(['peer', 'CPU µs/request', '÷ nginx', '÷ best Node', 'requests/s', 'MiB/s', 'peak RSS MiB'], rows),
    )
    for (const { peer, errors } of results) {
      for (const error of errors) process.stdout.write(`${peer}: ${error}\n`)
      if (errors.length > 0) failed = true
    }
    const own = results.find(({ peer }) => peer === 'proxy')
    if (profile !== undefined && own !== undefined) {
      const top = topSelfTimes(join(profile.folder, profile.name), own.window, 25)
      process.stdout.write(
        `\n${top.map(({ share, place }) => `${(share * 100).toFixed(1).padStart(5)} % ${place}\n`).join('')}`,
      )
    }
  }
} finally {
  await upstream.stop()
}
process.exitCode = failed ? 1 : 0
