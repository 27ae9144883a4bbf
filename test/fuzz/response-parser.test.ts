// Mutated responses, cut at random, through the parser and through a slow one written independently: whatever one takes for
// complete, open or malformed, the other must too, with the same heads and content.
//
// FUZZ_MINUTES=3 runs for three minutes from another seed each time; FUZZ_SEED repeats a run.

import t from 'tap'
import { flatFields } from '../../src/http/flat-fields.ts'
import type { ResponseHead } from '../../src/proxy/upstream/response/response-head.ts'
import { mutators } from '../fixtures/message-mutators.ts'
import { generousLimits, type ObservedResponse, observeResponse } from '../fixtures/observed-response.ts'
import {
  type ReferenceHead,
  type ReferenceResponse,
  readReferenceResponse,
} from '../fixtures/reference-response-parser.ts'
import { badChunks, chunkedOk, type ResponseCase, responseCases } from '../fixtures/response-grammar.ts'
import { SeededRandom } from '../fixtures/seeded-random.ts'

const minutes = Number(process.env.FUZZ_MINUTES ?? 0)
const seed = Number(process.env.FUZZ_SEED ?? (minutes > 0 ? Date.now() % 2 ** 31 : 1))
const iterations = minutes > 0 ? Number.POSITIVE_INFINITY : 30_000
const milliseconds = minutes > 0 ? minutes * 60_000 : 5_000

const ok = 'HTTP/1.1 200 OK\r\n'
const seeds = [
  `${ok}Content-Length: 3\r\n\r\nabc`,
  `${ok}ETag: "a"\r\nContent-Length: 10\r\nx-amz-Meta-K: \xe4 b\r\nConnection: keep-alive\r\n\r\n0123456789`,
  `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
  `${ok}Transfer-Encoding: chunked\r\nVary: Origin\r\n\r\n5;a=b\r\n01234\r\n0A\r\n0123456789\r\n00\r\nX-T: 1\r\nY:\r\n\r\n`,
  `${ok}Connection: close\r\n\r\nuntil the end`,
  'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na',
  'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
  'HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 206 \r\ncontent-length:0\r\n\r\n',
  `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 3\r\n\r\nabc`,
  `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102\r\n\r\n${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
  `${ok}Content-Length: 2\r\n\r\nok${ok}Content-Length: 4\r\n\r\nEVIL`,
]

/** What both sides can say. */
interface Reading extends Omit<ReferenceResponse, 'excess'> {
  readonly excess: boolean
}

function ofReference(seen: ReferenceResponse): Reading {
  return { ...seen, excess: seen.excess > 0 }
}

function ofParser(seen: ObservedResponse): Reading {
  const verdicts = { idle: 'complete', complete: 'open', truncated: 'incomplete', empty: 'incomplete' } as const
  return {
    verdict: seen.fault === undefined ? verdicts[seen.finish] : 'malformed',
    informational: seen.informational.map(ofHead),
    head: seen.head && ofHead(seen.head),
    framing: seen.framing,
    body: seen.body,
    excess: seen.excess,
  }
}

function ofHead({ statusCode, reason, minorVersion, fields, closes }: ResponseHead): ReferenceHead {
  return { statusCode, reason, minorVersion, fields: flatFields(fields.text), closes }
}

function mutate(random: SeededRandom): string {
  let text = random.pick(seeds)
  if (random.below(8) === 0) text += random.pick(seeds)
  if (random.below(16) === 0) text = 'HTTP/1.1 102 x\r\n\r\n'.repeat(30 + random.below(5)) + text
  for (let count = random.below(5); count > 0 && text.length > 0; count--) text = random.pick(mutators)(text, random)
  return text
}

function cut(length: number, random: SeededRandom): number[] {
  const often = random.pick([0, 1, 2, 5, length])
  if (often >= length) return Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1)
  const cuts = Array.from({ length: often }, () => random.below(length + 1))
  return cuts.sort((a, b) => a - b)
}

t.setTimeout(milliseconds + 60_000)

t.test('the reference reads every case of the grammar as the parser does', async t => {
  const chunks: readonly ResponseCase[] = badChunks.map(({ name, body }) => ({ name, bytes: chunkedOk + body }))
  for (const { name, bytes, method = 'GET' } of [...responseCases, ...chunks]) {
    const seen = ofParser(observeResponse(Buffer.from(bytes, 'latin1'), [], { method }))
    t.strictSame(seen, ofReference(readReferenceResponse(bytes, method, generousLimits)), name)
  }
})

t.test('the parser and the reference read every mutated response alike, however it is cut', async t => {
  const random = new SeededRandom(seed)
  const deadline = Date.now() + milliseconds
  const verdicts: Record<string, number> = {}
  const faults: Record<string, number> = {}
  let done = 0
  let disagreements = 0
  for (; done < iterations && Date.now() < deadline && disagreements < 5; done++) {
    const text = mutate(random)
    const bytes = Buffer.from(text, 'latin1')
    const method = random.pick(['GET', 'GET', 'GET', 'HEAD', 'PUT'])
    const limits = {
      headerBytes: random.below(3) === 0 ? 16 + random.below(150) : 65536,
      fields: random.below(4) === 0 ? random.below(4) : 256,
      informational: random.below(4) === 0 ? random.below(3) : 32,
    }
    const expected = ofReference(readReferenceResponse(text, method, limits))
    const whole = observeResponse(bytes, [], { method, limits })
    verdicts[expected.verdict] = (verdicts[expected.verdict] ?? 0) + 1
    if (whole.fault !== undefined) faults[whole.fault] = (faults[whole.fault] ?? 0) + 1
    const cuts = cut(bytes.length, random)
    const pieces = observeResponse(bytes, cuts, { method, limits })
    const agreed =
      JSON.stringify(ofParser(whole)) === JSON.stringify(expected) &&
      JSON.stringify(pieces) === JSON.stringify(whole) &&
      whole.disorder.length === 0
    if (agreed) continue
    disagreements++
    t.fail(`FUZZ_SEED=${seed}, case ${done}`, { text, method, limits, cuts, expected, whole, pieces })
  }
  t.comment(`FUZZ_SEED=${seed}: ${done} cases`, verdicts, faults)
  t.equal(disagreements, 0)
  for (const verdict of ['complete', 'incomplete', 'open', 'malformed']) {
    t.ok((verdicts[verdict] ?? 0) > done / 100, `at least one case in a hundred is ${verdict}`)
  }
})
