// One answer to what is TLS, for the traffic and for the fetching of rules.

import t from 'tap'
import { isTlsErrorCode } from '../../src/http/tls-error.ts'
import { socketFailure } from '../../src/proxy/upstream/upstream-failure.ts'

const ofTls = [
  ...['EPROTO', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_TLS_HANDSHAKE_TIMEOUT', 'ERR_SSL_WRONG_VERSION_NUMBER'],
  ...['ERR_OSSL_EVP_UNSUPPORTED', 'PATH_LENGTH_EXCEEDED', 'ERROR_IN_CERT_NOT_BEFORE_FIELD', 'CRL_HAS_EXPIRED'],
  ...['CRL_NOT_YET_VALID', 'UNABLE_TO_GET_CRL', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'INVALID_PURPOSE', 'HOSTNAME_MISMATCH'],
]
const others = ['ECONNRESET', 'ENOTFOUND', 'SIGNATURE', 'CERT', 'ERR_TLS', 'E_OF_TOMORROW', '']

t.test('what comes from TLS is told as TLS', async t => {
  for (const code of ofTls) {
    t.equal(isTlsErrorCode(code), true, code)
    t.equal(socketFailure(Object.assign(new Error('words'), { code })).reason, 'tls', code)
  }
  for (const code of others) t.equal(isTlsErrorCode(code), false, code)
})
