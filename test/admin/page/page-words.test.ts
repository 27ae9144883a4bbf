import t from 'tap'
import type { OriginLine } from '../../../src/admin/admin-sources.ts'
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

const changes: { name: string; change: Partial<OriginLine>; headers: RegExp; block: RegExp }[] = [
  {
    name: 'allowed by both',
    change: { decision: 'allowed', upstreamAllowOrigin: '*' },
    headers: /stays allowed/,
    block: /stays allowed/,
  },
  { name: 'allowed by the rules alone', change: { decision: 'allowed' }, headers: /becomes allowed/, block: /becomes/ },
  {
    name: 'a preflight that only the endpoint allows',
    change: { upstreamAllowOrigin: 'https://dev.example' },
    headers: /becomes refused/,
    block: /becomes refused/,
  },
  { name: 'a preflight that neither allows', change: {}, headers: /stays refused/, block: /stays refused/ },
  {
    name: 'an actual request that only the endpoint allows',
    change: { preflight: false, upstreamAllowOrigin: '*' },
    headers: /becomes unreadable/,
    block: /403/,
  },
  {
    name: 'an actual request whose endpoint names another origin',
    change: { preflight: false, upstreamAllowOrigin: 'https://b.example' },
    headers: /stays unreadable/,
    block: /403/,
  },
]
for (const { name, change, headers, block } of changes) {
  t.test(`what leaving report changes for ${name}`, async t => {
    t.match(describeChange({ ...line, ...change }), { headers, block })
  })
}
