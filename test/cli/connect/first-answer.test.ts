import t from 'tap'
import { openEndpoint } from '../../../src/cli/connect/endpoint.ts'
import { firstAnswer } from '../../../src/cli/connect/first-answer.ts'
import { configurationFor } from '../../fixtures/endpoint-configuration.ts'
import { httpAnswer, type Script, startScriptedEndpoint } from '../../fixtures/scripted-endpoint.ts'

const at = Date.UTC(2026, 0, 1)
const dated = (minutes: number) => httpAnswer(403, '', { Date: new Date(at + minutes * 60_000).toUTCString() })

const cases: readonly { name: string; script: Script; findings: readonly object[] }[] = [
  {
    name: 'an endpoint that names itself',
    script: httpAnswer(403, '', { Server: 'MinIO' }),
    findings: [{ severity: 'ok', what: 'it speaks HTTP/1.1, Server: MinIO' }],
  },
  {
    name: 'an endpoint that does not, with the right time',
    script: dated(-4),
    findings: [{ severity: 'ok', what: 'it speaks HTTP/1.1' }],
  },
  {
    name: 'a clock that is ahead',
    script: dated(7),
    findings: [{ severity: 'ok' }, { severity: 'warning', what: "its clock is 7 minutes ahead of this machine's" }],
  },
  {
    name: 'a clock that is behind',
    script: dated(-20),
    findings: [{ severity: 'ok' }, { severity: 'warning', what: "its clock is 20 minutes behind this machine's" }],
  },
  {
    name: 'an endpoint that says nothing',
    script: () => {},
    findings: [{ severity: 'fault', what: /^no answer: no complete answer within 0\.3 s$/, todo: /timeoutSeconds/ }],
  },
  {
    name: 'something else than HTTP',
    script: 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
    findings: [{ severity: 'fault', what: /HPE_/, todo: /^https:\/\// }],
  },
]
for (const { name, script, findings } of cases) {
  t.test(name, async t => {
    const server = await startScriptedEndpoint([script])
    t.teardown(() => server.close())
    const endpoint = openEndpoint(await configurationFor(server.port, { 'rules-timeout-seconds': '0.3' }), {}, {})
    t.teardown(() => endpoint.close())
    const found = await firstAnswer(endpoint, 'http:', () => at)
    t.equal(found.length, findings.length)
    t.match(found, findings)
    t.equal(server.seen[0]?.header('authorization'), undefined)
  })
}

t.test('a failure of TLS after the handshake is about the client certificate', async t => {
  const endpoint = openEndpoint(await configurationFor(1), {}, {})
  t.teardown(() => endpoint.close())
  const send = async () => ({ kind: 'failure', reason: 'tls', detail: 'TLS failed (X)' }) as const
  const failing = { ...endpoint, transport: { ...endpoint.transport, send } }
  t.match(await firstAnswer(failing, 'https:'), [{ severity: 'fault', todo: /upstream\.certFile/ }])
  const closed = async () => ({ kind: 'failure', reason: 'network', detail: 'X' }) as const
  const broken = { ...endpoint, transport: { ...endpoint.transport, send: closed } }
  t.match(await firstAnswer(broken, 'https:'), [{ severity: 'fault', todo: 'the port of its S3 API' }])
})
