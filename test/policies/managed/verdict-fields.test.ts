import t from 'tap'
import { forwardedFields, relayedFields } from '../../../src/policies/managed/verdict-fields.ts'

t.test('end-to-end fields reach the endpoint as they came', async t => {
  const headers = [
    'Host',
    's3',
    'CONNECTION',
    'close, X-Hop, host',
    'x-hop',
    '1',
    'Authorization',
    'AWS4',
    'Content-Length',
    '3',
    'Expect',
    '100-continue',
    'X-Amz-Date',
    'd',
    'x-twice',
    '1',
    'x-twice',
    '2',
  ]
  t.strictSame(forwardedFields(headers), [
    'Host',
    's3',
    'Authorization',
    'AWS4',
    'X-Amz-Date',
    'd',
    'x-twice',
    '1',
    'x-twice',
    '2',
  ])
})

t.test('the endpoint’s CORS and connection fields do not come back', async t => {
  const fields = relayedFields([
    ...[
      'Content-Type',
      'application/xml',
      'Access-Control-Allow-Origin',
      '*',
      'Connection',
      'close, X-Hop',
      'X-Hop',
      '1',
    ],
    ...['Content-Length', '3', 'x-amz-request-id', '1', 'Via', 'a', 'Via', 'b'],
  ])
  t.strictSame(fields, ['Content-Type', 'application/xml', 'x-amz-request-id', '1', 'Via', 'a', 'Via', 'b'])
})
