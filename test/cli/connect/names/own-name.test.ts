import t from 'tap'
import { checkBases, checkOwnName } from '../../../../src/cli/connect/names/own-name.ts'
import type { Transport, TransportAnswer, TransportRequest } from '../../../../src/s3/endpoint/endpoint-transport.ts'
import { parseText } from '../../../fixtures/parsed-text.ts'

type Reading = 'path' | 'virtual' | 'nothing'

function endpointThat(reading: Reading): Transport {
  const send = async ({ target, headers }: TransportRequest): Promise<TransportAnswer> => {
    const bucket = reading === 'path' ? target.split('/')[1] : (headers[1] ?? '').split('.')[0]
    const name = reading === 'nothing' ? '' : `<BucketName>${bucket}</BucketName>`
    return { status: 404, headers: [], body: Buffer.from(`<Error><Code>NoSuchBucket</Code>${name}</Error>`) }
  }
  return { authority: 'minio:9000', send, close: async () => {} }
}

const named = 'upstream: { url: "http://minio:9000" }\n'
const cases: { name: string; text: string; reading: Reading; findings: readonly object[] }[] = [
  {
    name: 'a name that the endpoint takes',
    text: named,
    reading: 'virtual',
    findings: [{ severity: 'ok', about: 'upstream.url', what: 'BUCKET.minio: taken as virtual-hosted-style' }],
  },
  {
    name: 'a name that it does not take',
    text: named,
    reading: 'path',
    findings: [
      { severity: 'note', what: /^BUCKET\.minio: taken as path-style: /, todo: /^minio in virtualHosts, once/ },
    ],
  },
  {
    name: 'an endpoint that does not tell',
    text: named,
    reading: 'nothing',
    findings: [
      {
        severity: 'note',
        what: /it could not be found out whether it is taken as virtual-hosted-style: served only where Host and path both allow it$/,
      },
    ],
  },
  { name: 'an address', text: 'upstream: { url: "http://127.0.0.1:9000" }\n', reading: 'path', findings: [] },
  { name: 'a name that is written', text: `${named}virtualHosts: [minio]\n`, reading: 'path', findings: [] },
  {
    name: 'a Host that is rewritten',
    text: 'upstream: { url: "http://minio:9000", host: rewrite }\n',
    reading: 'path',
    findings: [],
  },
]
for (const { name, text, reading, findings } of cases) {
  t.test(name, async t => {
    const { configuration } = parseText(text)
    if (configuration === undefined) throw new Error('the configuration has faults')
    const found = await checkOwnName(configuration, { transport: endpointThat(reading) })
    t.match(found, findings)
    t.equal(found.length, findings.length)
  })
}

const bases: { name: string; text: string; reading: Reading; findings: readonly object[] }[] = [
  { name: 'no bases', text: named, reading: 'path', findings: [] },
  {
    name: 'a base that the endpoint takes',
    text: `${named}virtualHosts: [s3.example]\n`,
    reading: 'virtual',
    findings: [{ severity: 'ok', about: 'virtualHosts', what: 'BUCKET.s3.example: taken as virtual-hosted-style' }],
  },
  {
    name: 'bases that the endpoint does not take',
    text: `${named}virtualHosts: [s3.example, b.example]\n`,
    reading: 'path',
    findings: ['s3.example', 'b.example'].map(base => ({
      severity: 'warning',
      about: 'virtualHosts',
      what: `BUCKET.${base}: not taken as virtual-hosted-style: taken as path-style`,
      todo: /^name it at the endpoint too/,
    })),
  },
  {
    name: 'bases that are rewritten to a name that the endpoint does not take so',
    text: 'upstream: { url: "http://minio:9000", host: rewrite }\nvirtualHosts: [s3.example]\n',
    reading: 'path',
    findings: [{ severity: 'warning', what: /^BUCKET\.minio: not taken/, todo: /^hosts .* instead of virtualHosts$/ }],
  },
  {
    name: 'bases of an endpoint that does not tell',
    text: `${named}virtualHosts: [s3.example]\n`,
    reading: 'nothing',
    findings: [{ severity: 'note', what: /it could not be found out how it is taken$/ }],
  },
]
for (const { name, text, reading, findings } of bases) {
  t.test(`without a bucket to try them with: ${name}`, async t => {
    const { configuration } = parseText(text)
    if (configuration === undefined) throw new Error('the configuration has faults')
    const found = await checkBases(configuration, { transport: endpointThat(reading) })
    t.match(found, findings)
    t.equal(found.length, findings.length)
  })
}
