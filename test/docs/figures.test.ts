// The tables of figures: two kinds of machine side by side, and what one of them was not asked for.

import t from 'tap'
import { type Report, type Reports, withFigures } from '../bench/report/documents.ts'

const machine = { cores: 2, kernel: '6.1', node: 'v24', nginx: '1.22', haproxy: '2.6' }

function report(cpu: string, costs: Readonly<Record<string, number>>, further: Report['sections'] = []): Report {
  const sections = Object.entries(costs).map(([name, cost]) => ({
    name,
    title: name,
    data: {
      figures: [
        { peer: 'proxy', cpuMicrosecondsPerRequest: cost, toNginx: cost / 10 },
        { peer: 'nginx', cpuMicrosecondsPerRequest: 10 },
      ],
    },
  }))
  return {
    machine: { ...machine, cpu, date: '2026-01-02T00:00:00Z' },
    asked: { runs: 5 },
    sections: [...sections, ...further],
  }
}

/** The lines of the table that begin with one of these cells. */
function rows(name: string, reports: Reports, ...first: readonly string[]): readonly string[] {
  return withFigures(`<!-- figures ${name} -->\n<!-- end -->`, reports)
    .split('\n')
    .filter(line => first.some(cell => line.startsWith(`| ${cell} |`)))
}

const silence = [
  { peer: 'proxy', silenceSeconds: 30, tookMs: 60, toNginx: 1.05 },
  { peer: 'nginx', silenceSeconds: 30, tookMs: 57, toNginx: 1 },
]
const fast = report('Fast', { preflight: 15, 'https-1k': 32 }, [{ name: 'silence', title: '', data: silence }])
const shared = report('Shared', { preflight: 28, 'https-put-1m': 900 })

t.test('two machines stand side by side, and a request that one was not asked for is told as missing', async t => {
  const reports = { fast, shared }
  const wanted = ['allowed preflight', 'GET 1 KiB, HTTPS upstream', 'PUT 1 MiB, HTTPS upstream', 'HEAD']
  t.strictSame(rows('requests', reports, 'CPU µs per request', ...wanted), [
    '| CPU µs per request | **this proxy**, fast | ÷ nginx, fast | **this proxy**, shared | ÷ nginx, shared | nginx, fast | HAProxy, fast | http-proxy-3, fast | httpxy, fast | @fastify/http-proxy, fast |',
    '| allowed preflight | **15.0** | 1.50 | **28.0** | 2.80 | 10.0 | not measured | not measured | not measured | not measured |',
    '| HEAD | not measured | not measured | not measured | not measured | not measured | not measured | not measured | not measured | not measured |',
    '| GET 1 KiB, HTTPS upstream | **32.0** | 3.20 | not measured | not measured | 10.0 | not measured | not measured | not measured | not measured |',
    '| PUT 1 MiB, HTTPS upstream | not measured | not measured | **900** | 90.00 | not measured | not measured | not measured | not measured | not measured |',
  ])
  t.match(
    withFigures('<!-- figures requests -->\n<!-- end -->', reports),
    /^Fast: .*, Fast, 2 cores.*\nShared cores: .*, Shared, 2 cores/m,
  )
  t.strictSame(rows('further', reports, 'besides', 'six `GET`s at once after silence, HTTPS endpoint 50 ms away'), [
    '| besides | fast | shared |',
    '| six `GET`s at once after silence, HTTPS endpoint 50 ms away | 60 ms after 30 s (1.05 times nginx) | not measured |',
  ])
})

t.test('one machine has its columns alone, and the other is told as missing', async t => {
  const reports = { fast, shared: undefined }
  t.strictSame(rows('requests', reports, 'allowed preflight'), [
    '| allowed preflight | **15.0** | 1.50 | 10.0 | not measured | not measured | not measured | not measured |',
  ])
  t.match(
    withFigures('<!-- figures requests -->\n<!-- end -->', reports),
    /\nNot measured yet: a machine whose cores others use, too\.\n/,
  )
})

t.test('a machine that was asked for none of the requests has no column', async t => {
  const reports = { fast, shared: report('Shared', { 'h2-preflight': 72 }) }
  t.strictSame(rows('http2', reports, 'CPU µs per request', 'allowed preflight, HTTP/2'), [
    '| CPU µs per request | **this proxy**, shared | ÷ nginx, shared | nginx, shared | HAProxy, shared | `node:http2`, shared |',
    '| allowed preflight, HTTP/2 | **72.0** | 7.20 | 10.0 | not measured | not measured |',
  ])
})
