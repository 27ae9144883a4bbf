import t from 'tap'
import type { ManagedOperations } from '../../../src/proxy/handling/proxy-context.ts'
import { readResponse } from '../../fixtures/client-responses.ts'
import { get, send, settingsWith, web } from '../../fixtures/handled-requests.ts'

const failing: Pick<ManagedOperations, 'handle'> = {
  handle: async () => {
    throw new Error('oops')
  },
}
const kept = { ...web, source: 'managed' } as const
const policies = { ...settingsWith({}).policies, peek: () => kept, inspect: () => kept }
const managed = { ...failing, storeGuard: undefined, copySourceGuard: undefined }

t.test('?cors of a managed bucket is the proxy’s to answer, and a fault of that is a 500, told once', async t => {
  const { client, heard } = await send(t, get('/web?cors'), { policies, managed })
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 500)
  t.match(heard.warnings, [['internal_error', { detail: /^Error: oops/ }]])
  t.match(heard.ended, [{ kind: 'managed', errorCode: 'InternalError' }])
})

t.test('everything else of that bucket goes to the endpoint', async t => {
  const { client, heard } = await send(t, get('/web/k?cors'), { policies, managed })
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 503, 'whose queue is full')
  t.match(heard.ended, [{ kind: 'plain', errorCode: 'SlowDown' }])
})

t.test('a fault after rules have come is told, and counted once', async t => {
  const addressed = settingsWith({})
  const loading = { ...addressed.policies, peek: () => undefined, load: async () => web }
  const pool = {
    ...addressed.pool,
    acquire: () => {
      throw new Error('oops')
    },
  }
  const { client, heard } = await send(t, get('/web/k'), {
    policies: loading,
    pool: pool as Partial<typeof addressed.pool> as typeof addressed.pool,
  })
  await client.until(({ ended }) => ended !== undefined)
  t.equal(readResponse(client.text).status, 500)
  t.match(heard.warnings, [['internal_error', { detail: /^Error: oops/ }]])
  t.match(heard.ended, [{ kind: 'plain', errorCode: 'InternalError' }])
})
