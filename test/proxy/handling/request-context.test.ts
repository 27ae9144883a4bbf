import t from 'tap'
import { refusalFields } from '../../../src/proxy/handling/request-context.ts'
import { readResponse } from '../../fixtures/client-responses.ts'
import { get, send, settingsWith } from '../../fixtures/handled-requests.ts'

t.test('a fault of our own is a 500, told once', async t => {
  const addressOf = () => {
    throw new Error('oops')
  }
  const { client, heard } = await send(t, get('/web/k'), { addressOf })
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 500)
  t.match(heard.warnings, [['internal_error', { detail: /^Error: oops/ }]])
  t.match(heard.ended, [{ errorCode: 'InternalError' }])
})

const refusals: readonly { bucket?: string; varyAlways?: boolean; vary: boolean }[] = [
  { bucket: 'web', vary: true },
  { bucket: 'blocked', vary: true },
  { bucket: 'unknown', vary: true },
  { bucket: 'reported', vary: false },
  { bucket: 'of-no-entry', vary: false },
  { vary: false },
  { bucket: 'web', varyAlways: false, vary: false },
]
for (const { bucket, varyAlways = true, vary } of refusals) {
  t.test(
    `a refusal of ${bucket ?? 'no bucket'} ${vary ? 'varies' : 'does not vary'}, always: ${varyAlways}`,
    async t => {
      const address = settingsWith({}).addressOf('localhost', bucket === undefined ? '/' : `/${bucket}/k`)
      t.equal(
        refusalFields(settingsWith({ varyAlways }), address).lines,
        vary ? 'Vary: Origin, Access-Control-Request-Headers, Access-Control-Request-Method\r\n' : '',
      )
    },
  )
}
