import t from 'tap'
import { requestFields } from '../../../src/telemetry/log/request-fields.ts'

t.test('the fields of a request have these names and this order', async t => {
  t.strictSame(
    requestFields.map(({ name }) => name),
    [
      ...[
        'kind',
        'bucket',
        'host',
        'origin',
        'method',
        'protocol',
        'requestMethod',
        'requestHeaders',
        'decision',
        'reason',
        'rule',
      ],
      ...['enforcement', 'status', 'errorCode', 'upstreamFailure', 'upstreamFailureDetail', 'clientAborted'],
      ...['target', 'requestId', 'peer', 'requestBytes', 'responseBytes', 'durationSeconds', 'upstreamSeconds'],
      'upstreamAllowOrigin',
    ],
  )
})
