import t from 'tap'
import type { OriginLine, SeenRequest } from '../../../src/admin/admin-sources.ts'
import {
  describeChange,
  describeReason,
  describeRequest,
  describeSeconds,
  describeState,
  renderTime,
} from '../../../src/admin/page/page-words.ts'
import { makeSources, nowMs } from '../sources.ts'

const [line] = makeSources().origins().lines as [OriginLine]

const times: [number, string][] = [
  [0.4, 'now'],
  [1, '1 s'],
  [119, '119 s'],
  [120, '2 min'],
  [7199, '120 min'],
  [7200, '2 h'],
  [172_800, '2 d'],
]
for (const [seconds, words] of times) {
  t.test(`${seconds} seconds are ${words}`, async t => {
    t.equal(describeSeconds(seconds), words)
  })
}

t.test('a moment is past, ahead, now or none', async t => {
  t.match(String(renderTime(nowMs - 5000, nowMs)), '>5 s ago<')
  t.match(String(renderTime(nowMs + 5000, nowMs)), '>in 5 s<')
  t.match(String(renderTime(nowMs, nowMs)), 'datetime="2026-01-02T03:04:05.000Z"')
  t.equal(renderTime(undefined, nowMs), '–')
})

t.test('a request in words', async t => {
  t.equal(describeRequest(line), 'preflight for PUT with content-type')
  t.equal(describeRequest({ ...line, preflight: false, headers: [], method: undefined }), 'a long method')
})

t.test('every reason and state has words', async t => {
  t.equal(describeReason('origin'), 'no rule lists this origin')
  t.equal(describeState('none'), 'no rules')
})

const [put] = line.requests as [SeenRequest]
const actual = { ...put, preflights: 0, actual: 2 }
const changes: {
  name: string
  decision: 'allowed' | 'denied'
  request: SeenRequest
  headers: string
  block: string
}[] = [
  { name: 'allowed by both', decision: 'allowed', request: put, headers: 'stays allowed', block: 'stays allowed' },
  {
    name: 'allowed by the rules alone',
    decision: 'allowed',
    request: { ...put, endpointRefused: 1 },
    headers: 'becomes allowed',
    block: 'becomes allowed',
  },
  {
    name: 'a preflight that only the endpoint allows',
    decision: 'denied',
    request: { ...put, endpointAllowed: 1 },
    headers: 'becomes refused: 403',
    block: 'becomes refused: 403',
  },
  {
    name: 'a preflight that neither allows',
    decision: 'denied',
    request: put,
    headers: 'stays refused: 403',
    block: 'stays refused: 403',
  },
  {
    name: 'an actual request that only the endpoint allows',
    decision: 'denied',
    request: { ...actual, endpointAllowed: 1 },
    headers: 'becomes unreadable: no CORS headers',
    block: 'refused: 403, the endpoint is not asked',
  },
  {
    name: 'an actual request that neither allows',
    decision: 'denied',
    request: actual,
    headers: 'stays unreadable',
    block: 'refused: 403, the endpoint is not asked',
  },
  {
    name: 'preflights and actual requests of the same kind',
    decision: 'denied',
    request: { ...actual, preflights: 1, endpointAllowed: 3 },
    headers: 'its preflight becomes refused: 403; it becomes unreadable: no CORS headers',
    block: 'its preflight becomes refused: 403; it is refused: 403, the endpoint is not asked',
  },
]
for (const { name, decision, request, headers, block } of changes) {
  t.test(`what leaving report changes for ${name}`, async t => {
    t.strictSame(describeChange(decision, request), { headers, block })
  })
}
