import t from 'tap'
import { openEndpoint } from '../../../src/cli/connect/endpoint.ts'
import { configurationFor } from '../../fixtures/endpoint-configuration.ts'
import { httpAnswer, startScriptedEndpoint } from '../../fixtures/scripted-endpoint.ts'

const keys = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' }
const call = { method: 'GET', bucket: 'media', maxBodyBytes: 100 } as const

t.test('calls are signed for the name that is wished, and go to the endpoint all the same', async t => {
  const server = await startScriptedEndpoint([httpAnswer(200, '')])
  t.teardown(() => server.close())
  const endpoint = openEndpoint(await configurationFor(server.port, { 'upstream-region': 'gra' }), {}, keys)
  t.teardown(() => endpoint.close())
  for (const wishes of [
    {},
    { anonymous: true },
    { authority: 'other.example' },
    { authority: 'other.example', addressing: 'virtual' } as const,
  ])
    t.match(await endpoint.callerAs(wishes)(call), { status: 200 })
  t.strictSame(
    server.seen.map(({ target, header }) => [header('host'), target, header('authorization')?.split('/')[2]]),
    [
      [`127.0.0.1:${server.port}`, '/media', 'gra'],
      [`127.0.0.1:${server.port}`, '/media', undefined],
      ['other.example', '/media', 'gra'],
      ['media.other.example', '/', 'gra'],
    ],
  )
})

t.test('"credentials: none" means none, whatever the environment holds', async t => {
  const flags = { 'upstream-credentials': 'none' }
  const endpoint = openEndpoint(await configurationFor(1, flags), {}, keys)
  t.teardown(() => endpoint.close())
  t.equal(await endpoint.credentials(), undefined)
})
