import t from 'tap'
import {
  askUnder,
  describeRefusal,
  foreignHost,
  type HostAnswers,
  harmlessCall,
  sameAnswer,
  takes,
} from '../../../../src/cli/connect/names/host-probe.ts'
import { readAnswer } from '../../../../src/cli/connect/read-answer.ts'
import type { TransportAnswer } from '../../../../src/s3/endpoint/endpoint-transport.ts'
import { errorOf } from '../../../fixtures/fake-bucket.ts'
import { bucketsOf, location, wishedEndpoint } from '../../../fixtures/wished-endpoint.ts'

const denied = errorOf(403, 'AccessDenied')
const answers = (host: string, signed: TransportAnswer | undefined, anonymous: TransportAnswer): HostAnswers => ({
  host,
  signed: signed && readAnswer(signed),
  anonymous: readAnswer(anonymous),
})

t.test('what is asked changes nothing', async t => {
  t.match(harmlessCall('media'), { method: 'GET', bucket: 'media', query: 'location' })
  t.match(harmlessCall(undefined), { method: 'GET', bucket: undefined, query: undefined })
})

t.test('a name is asked under twice: signed for it, and anonymously', async t => {
  const asked: unknown[] = []
  const endpoint = wishedEndpoint(({ host, wishes }) => {
    asked.push([host, wishes.anonymous])
    return wishes.anonymous === true ? denied : location
  })
  const call = harmlessCall('media')
  t.strictSame(await askUnder(endpoint, { authority: foreignHost }, call, true), answers(foreignHost, location, denied))
  const virtual = { authority: 'b.example', addressing: 'virtual' } as const
  t.strictSame(await askUnder(endpoint, virtual, call, false), answers('media.b.example', undefined, denied))
  t.strictSame(await askUnder(endpoint, {}, call, false), answers('s3.example', undefined, denied))
  t.strictSame(asked, [
    [foreignHost, false],
    [foreignHost, true],
    ['media.b.example', true],
    ['s3.example', true],
  ])
})

const own = answers('s3.example', location, denied)
const refusals: readonly { name: string; other: HostAnswers; text: string }[] = [
  {
    name: 'a bucket of that name',
    other: answers('a.example', errorOf(404, 'NoSuchBucket'), errorOf(404, 'NoSuchBucket')),
    text: 'under a.example a signed request gets 404 NoSuchBucket: it takes the Host for the name of a bucket; under its own name, 200 LocationConstraint',
  },
  {
    name: 'a signature for another name',
    other: answers('a.example', errorOf(403, 'SignatureDoesNotMatch'), denied),
    text: 'under a.example a signed request gets 403 SignatureDoesNotMatch: it checks signatures against another Host than the one it is sent; under its own name, 200 LocationConstraint',
  },
  {
    name: 'another document',
    other: answers('a.example', bucketsOf(), denied),
    text: 'under a.example a signed request gets 200 ListAllMyBucketsResult; under its own name, 200 LocationConstraint',
  },
  {
    name: 'anonymous requests alone',
    other: answers('a.example', location, errorOf(400, 'InvalidURI')),
    text: 'under a.example an anonymous request gets 400 InvalidURI; under its own name, 403 AccessDenied',
  },
]
for (const { name, other, text } of refusals) {
  t.test(`a name that is not taken: ${name}`, async t => {
    t.equal(takes(own, other), false)
    t.equal(describeRefusal(own, other), text)
  })
}

t.test('a name that is not taken, without keys', async t => {
  const before = answers('s3.example', undefined, denied)
  const after = answers('a.example', undefined, errorOf(404, 'NoSuchBucket'))
  t.equal(takes(before, after), false)
  t.match(describeRefusal(before, after), /^under a\.example an anonymous request gets 404 NoSuchBucket: /)
})

t.test('the same answers are a name that is taken, but not the same failure', async t => {
  t.equal(takes(own, answers('a.example', location, denied)), true)
  t.equal(takes(answers('a', undefined, denied), answers('b', undefined, denied)), true)
  const lost = readAnswer({ kind: 'failure', reason: 'network', detail: 'X' })
  t.equal(sameAnswer(lost, lost), false)
})
