import t from 'tap'
import type { UpstreamFailureReason } from '../../../src/proxy/request/request-record.ts'
import { failureAnswer, socketFailure } from '../../../src/proxy/upstream/upstream-failure.ts'

const codes: Readonly<Record<string, UpstreamFailureReason>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EPROTO: 'tls',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls',
  ERR_SSL_WRONG_VERSION_NUMBER: 'tls',
  CERT_HAS_EXPIRED: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  E_OF_TOMORROW: 'reset',
}
for (const [code, reason] of Object.entries(codes)) {
  t.test(`${code} is a failure of the kind ${reason}`, async t => {
    t.strictSame(socketFailure(Object.assign(new Error('words'), { code })), { reason, detail: `${code}: words` })
  })
}

t.test('an error without a code is named by its class', async t => {
  t.strictSame(socketFailure(new RangeError('words')), { reason: 'reset', detail: 'RangeError: words' })
})

const answers: Readonly<Record<UpstreamFailureReason, number>> = {
  refused: 502,
  reset: 502,
  dns: 502,
  tls: 502,
  malformed: 502,
  truncated: 502,
  timeout: 504,
  queue: 503,
  slow_client: 503,
}
for (const [reason, status] of Object.entries(answers)) {
  t.test(`${reason} before the head is answered ${status}`, async t => {
    const answer = failureAnswer(reason as UpstreamFailureReason)
    t.equal(answer.status, status)
    t.equal('retryAfterSeconds' in answer, status === 503, 'Retry-After for our own queue alone')
  })
}
