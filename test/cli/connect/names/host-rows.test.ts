import { readFileSync } from 'node:fs'
import t from 'tap'
import type { HostAnswers } from '../../../../src/cli/connect/names/host-probe.ts'
import { hostFindings, hostRows } from '../../../../src/cli/connect/names/host-rows.ts'
import { readAnswer } from '../../../../src/cli/connect/read-answer.ts'
import type { TransportAnswer, TransportFailure } from '../../../../src/s3/endpoint/endpoint-transport.ts'
import { errorOf } from '../../../fixtures/fake-bucket.ts'
import { location } from '../../../fixtures/wished-endpoint.ts'

type Answer = TransportAnswer | TransportFailure
const denied = errorOf(403, 'AccessDenied')
const none = errorOf(404, 'NoSuchBucket')
const mismatch = errorOf(403, 'SignatureDoesNotMatch')
const answers = (signed: Answer | undefined, anonymous: Answer): HostAnswers => ({
  host: 'foreign-host.invalid',
  signed: signed && readAnswer(signed),
  anonymous: readAnswer(anonymous),
})
const own = answers(location, denied)

// Anonymous, presigned for the endpoint, signed for the proxy's name, signed for the endpoint's: p preserve, r rewrite.
const cases: readonly { name: string; own?: HostAnswers; foreign: HostAnswers; rows: readonly string[] }[] = [
  { name: 'an endpoint that takes any Host', foreign: answers(location, denied), rows: ['pr', 'r', 'p', 'pr'] },
  { name: 'an endpoint that takes its own names alone', foreign: answers(none, none), rows: ['r', 'r', '', 'pr'] },
  {
    name: 'an endpoint behind a front that sets Host',
    foreign: answers(mismatch, denied),
    rows: ['pr', 'pr', '', 'pr'],
  },
  {
    name: 'any Host, without keys to tell',
    own: answers(undefined, denied),
    foreign: answers(undefined, denied),
    rows: ['pr', 'r', '?', 'pr'],
  },
  {
    name: 'its own names alone, without keys to tell',
    own: answers(undefined, denied),
    foreign: answers(undefined, none),
    rows: ['r', 'r', '', 'pr'],
  },
  {
    name: 'an endpoint that ends the connection',
    foreign: answers(
      { kind: 'failure', reason: 'network', detail: 'X' },
      { kind: 'failure', reason: 'network', detail: 'X' },
    ),
    rows: ['r', 'r', '', 'pr'],
  },
]
for (const { name, own: before = own, foreign, rows } of cases) {
  t.test(`${name}: which clients are served by what`, async t => {
    t.strictSame(
      hostRows(before, foreign).map(
        ({ preserve, rewrite }) => `${preserve === undefined ? '?' : preserve ? 'p' : ''}${rewrite ? 'r' : ''}`,
      ),
      rows,
    )
  })
}

t.test('the rows are those of the table in the sample', async t => {
  const sample = readFileSync(new URL('../../../../config/ovhcloud.yaml', import.meta.url), 'utf8')
  const table = [...sample.matchAll(/^# {3}(\S[^|\n]*?) *\|/gm)].map(match => match[1] ?? '')
  const starts = [
    /^anonymous requests \(public objects\)$/,
    /^URLs presigned for s3\.gra\.io\.cloud\.ovh\.net,$/,
    /^requests an SDK signs for this proxy's own name$/,
    /^requests an SDK signs for the endpoint's name, that$/,
  ]
  for (const start of starts)
    t.ok(
      table.some(cell => start.test(cell)),
      `${start}`,
    )
  t.equal(hostRows(own, own).length, starts.length)
})

t.test('anonymous requests are said to be served only where one was', async t => {
  const said = (anonymous: Answer) => {
    const both = answers(location, anonymous)
    const { severity, what } = hostFindings(both, both, 'preserve')[1] ?? {}
    return `${severity}: ${what}`
  }
  const start = 'anonymous requests (public objects):'
  t.equal(said(location), `ok: ${start} served with preserve`)
  t.equal(
    said(denied),
    `ok: ${start} reach the endpoint with preserve; what was asked for is not public (403 AccessDenied)`,
  )
  for (const code of ['InvalidRequest', 'MissingSecurityHeader', 'SignatureDoesNotMatch'])
    t.equal(said(errorOf(403, code)), `note: ${start} refused by the endpoint with 403 ${code}, whatever the Host`)
})

t.test('each row says whether the choice serves it, and what would', async t => {
  const said = (chosen: 'preserve' | 'rewrite', before: HostAnswers, foreign: HostAnswers) =>
    hostFindings(before, foreign, chosen).map(
      ({ severity, what, todo }) => `${severity}: ${what}${todo === undefined ? '' : `; ${todo}`}`,
    )
  t.match(said('rewrite', own, own), [
    'ok: the endpoint takes any Host as path-style',
    'ok: anonymous requests (public objects): reach the endpoint with rewrite; what was asked for is not public (403 AccessDenied)',
    "ok: URLs presigned for the endpoint's name: served with rewrite",
    "note: requests an SDK signs for this proxy's own name: not with rewrite; preserve for them",
    "ok: requests an SDK signs for the endpoint's name: served with rewrite",
  ])
  t.match(said('preserve', own, answers(none, none)), [
    /^note: the endpoint takes its own names alone: under foreign-host\.invalid a signed request gets 404 NoSuchBucket/,
    'note: anonymous requests (public objects): not with preserve; rewrite for them',
    "note: URLs presigned for the endpoint's name: not with preserve; rewrite for them",
    /^note: requests an SDK signs for this proxy's own name: neither with preserve nor with rewrite; have them signed/,
    "ok: requests an SDK signs for the endpoint's name: served with preserve",
  ])
  const blind = answers(undefined, denied)
  t.match(said('preserve', blind, blind), [
    'ok: the endpoint takes any Host as path-style, as far as anonymous requests can tell',
    /^ok: /,
    /^note: /,
    "note: requests an SDK signs for this proxy's own name: at most with preserve; set keys to have it tried",
    /^ok: /,
  ])
})

t.test('an endpoint that is gone meanwhile says nothing about a Host', async t => {
  const gone = answers(undefined, { kind: 'failure', reason: 'timeout', detail: 'no whole answer' })
  t.strictSame(hostFindings(gone, gone, 'preserve'), [
    { severity: 'warning', about: 'upstream.host', what: 'no answer: no whole answer' },
  ])
})
