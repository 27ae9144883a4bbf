import t from 'tap'
import { checkNames } from '../../../../src/cli/connect/names/configured-names.ts'
import { configurationFor } from '../../../fixtures/endpoint-configuration.ts'
import { errorOf } from '../../../fixtures/fake-bucket.ts'
import { localhostCertificate, localhostKey } from '../../../fixtures/localhost-certificate.ts'
import { startScriptedEndpoint } from '../../../fixtures/scripted-endpoint.ts'
import { location, type WishedCall, wishedEndpoint } from '../../../fixtures/wished-endpoint.ts'

/** Knows `s3.example` and what stands before it, and nothing else. */
const strict = ({ host, wishes }: WishedCall) => {
  if (host !== 's3.example' && !host.endsWith('.s3.example')) return errorOf(404, 'NoSuchBucket')
  return wishes.anonymous === true ? errorOf(403, 'AccessDenied') : location
}

const cases: readonly {
  name: string
  flags: Readonly<Record<string, string>>
  bucket?: string | undefined
  lines: readonly RegExp[]
}[] = [
  { name: 'no names', flags: {}, lines: [] },
  {
    name: 'preserve, names the endpoint knows and others',
    flags: { hosts: 's3.example,files.example', 'virtual-hosts': 's3.example,media.example' },
    lines: [
      /^ok: hosts: s3\.example: taken as path-style$/,
      /^warning: hosts: not taken as path-style: under files\.example .*; name it at the endpoint too/,
      /^ok: virtualHosts: media\.s3\.example: taken as virtual-hosted-style$/,
      /^warning: virtualHosts: not taken as virtual-hosted-style: under media\.media\.example .*or upstream\.host: rewrite$/,
    ],
  },
  {
    name: 'preserve, without a bucket to stand before a name',
    flags: { hosts: 's3.example', 'virtual-hosts': 's3.example' },
    bucket: '',
    lines: [/^ok: hosts: /],
  },
  {
    name: 'rewrite, the endpoint takes its own name with a bucket before it',
    flags: { 'upstream-host': 'rewrite', 'upstream-url': 'http://s3.example', 'virtual-hosts': 'a.example' },
    lines: [/^ok: upstream\.url: media\.s3\.example: taken as virtual-hosted-style$/],
  },
  {
    name: 'rewrite, the endpoint does not',
    flags: { 'upstream-host': 'rewrite', 'upstream-url': 'http://other.example', 'virtual-hosts': 'a.example' },
    lines: [
      /^warning: upstream\.url: not taken as virtual-hosted-style: under media\.other\.example .*; path-style names/,
    ],
  },
  {
    name: 'rewrite to an IP address, before which no bucket stands',
    flags: { 'upstream-host': 'rewrite', hosts: 'b.example' },
    lines: [],
  },
]
for (const { name, flags, bucket = 'media', lines } of cases) {
  t.test(name, async t => {
    const findings = await checkNames(await configurationFor(1, flags), {
      endpoint: wishedEndpoint(strict),
      files: {},
      bucket: bucket === '' ? undefined : bucket,
      hasGoodKeys: true,
    })
    const said = findings.map(
      ({ severity, about, what, todo }) => `${severity}: ${about}: ${what}${todo === undefined ? '' : `; ${todo}`}`,
    )
    t.equal(said.length, lines.length)
    t.match(said, lines)
  })
}

t.test('rewrite over TLS: the certificate must be valid for the name with a bucket before it', async t => {
  const server = await startScriptedEndpoint([() => {}], { cert: localhostCertificate, key: localhostKey })
  t.teardown(() => server.close())
  const url = `https://localhost:${server.port}`
  const flags = { 'upstream-host': 'rewrite', 'upstream-url': url, 'virtual-hosts': 'a.example' }
  const configuration = await configurationFor(1, flags)
  const check = (bucket: string) =>
    checkNames(configuration, {
      endpoint: wishedEndpoint(() => location),
      files: { ca: Buffer.from(localhostCertificate) },
      bucket,
      hasGoodKeys: false,
    })
  t.match(await check('media'), [
    { severity: 'ok' },
    { severity: 'fault', what: /^media\.localhost:\d+: no connection \(ERR_TLS_CERT_ALTNAME_INVALID\)$/ },
  ])
  const dotted = await check('my.media')
  t.equal(dotted.length, 1, 'a bucket with a dot fits no wildcard: the data path asks for the plain name')
})
