import t from 'tap'
import { connectionOptions, isConnectionSpecific } from '../../src/http/hop-by-hop-fields.ts'
import { forwardedFields, relayedFields } from '../../src/policies/managed/verdict-fields.ts'

const names =
  'connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade http2-settings'

t.test('these fields are of one connection, and no others', async t => {
  for (const name of names.split(' ')) t.equal(isConnectionSpecific(name), true, name)
  for (const name of ['', 'host', 'content-length', 'expect', 'keep-alive-not', 'x-te', 'http2-setting']) {
    t.equal(isConnectionSpecific(name), false, name)
  }
})

t.test('requests and answers about rules lose each of them too', async t => {
  for (const name of names.split(' ')) {
    t.strictSame(forwardedFields([name, 'x', 'X-Amz-Date', 'd']), ['X-Amz-Date', 'd'], name)
    t.strictSame(relayedFields([name, 'x', 'x-amz-id-2', 'i']), ['x-amz-id-2', 'i'], name)
  }
})

const cases: readonly { value: string; most?: number; options: readonly string[] | undefined }[] = [
  { value: 'close', options: ['close'] },
  { value: ' Keep-Alive\t, X-A ', options: ['keep-alive', 'x-a'] },
  { value: '', options: [] },
  { value: ',, ,a,', options: ['a'] },
  { value: 'a,b', most: 2, options: ['a', 'b'] },
  { value: 'a,b,', most: 2, options: undefined },
  { value: ',,b', most: 2, options: undefined },
  { value: '\u00a0a', options: ['\u00a0a'] },
]
for (const { value, most, options } of cases) {
  t.test(`the options of ${JSON.stringify(value)}, at most ${most ?? 'any number'}`, async t => {
    t.strictSame(connectionOptions(value, most), options)
  })
}
