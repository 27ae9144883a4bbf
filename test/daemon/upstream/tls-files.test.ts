import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Configuration } from '../../../src/config/configuration.ts'
import {
  readServerCertificate,
  readTlsFiles,
  readUpstreamFiles,
  sameFiles,
} from '../../../src/daemon/upstream/tls-files.ts'
import { localhostCertificate, localhostKey } from '../../fixtures/localhost-certificate.ts'
import { parseText, upstreamLine } from '../../fixtures/parsed-text.ts'

const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-tls-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const cert = join(folder, 'tls.crt')
const key = join(folder, 'tls.key')
const garbage = join(folder, 'garbage')
writeFileSync(cert, localhostCertificate)
writeFileSync(key, localhostKey)
writeFileSync(garbage, 'not PEM at all')

function configure(text: string): Configuration {
  const { configuration } = parseText(text)
  if (configuration === undefined) throw new Error('the configuration has faults')
  return configuration
}

t.test('without TLS there is nothing to read', async t => {
  const configuration = configure(upstreamLine)
  t.equal(await readServerCertificate(configuration), undefined)
  t.strictSame(await readUpstreamFiles(configuration), { ca: undefined, cert: undefined, key: undefined })
})

t.test('the certificate and the key of the S3 port are read', async t => {
  const read = await readServerCertificate(configure(`${upstreamLine}tls: { certFile: ${cert}, keyFile: ${key} }\n`))
  t.equal(read?.cert.toString(), localhostCertificate)
  t.equal(read?.key.toString(), localhostKey)
})

t.test('authorities and client certificate towards the endpoint are read', async t => {
  const read = await readUpstreamFiles(
    configure(`upstream: { url: "https://s3.example", caFile: ${cert}, certFile: ${cert}, keyFile: ${key} }\n`),
  )
  t.equal(read.ca?.toString(), localhostCertificate)
  t.equal(read.key?.toString(), localhostKey)
})

t.test('files are the same if every one of both sides is', async t => {
  const server = `tls: { certFile: ${cert}, keyFile: ${key} }\n`
  const endpoint = `upstream: { url: "https://s3.example", caFile: ${cert} }\n`
  const [both, again, plain] = await Promise.all(
    [endpoint + server, endpoint + server, upstreamLine + server].map(text => readTlsFiles(configure(text))),
  )
  if (both === undefined || again === undefined || plain === undefined) throw new Error('not read')
  t.equal(sameFiles(both, again), true)
  t.equal(sameFiles(both, plain), false, 'other authorities')
  t.equal(sameFiles(both, { ...both, certificate: undefined }), false, 'another certificate')
})

const faults = [
  {
    name: 'a file that is not there',
    text: `${upstreamLine}tls: { certFile: ${folder}/none, keyFile: ${key} }\n`,
    message: /^tls\.certFile: .*none cannot be read \(ENOENT\)$/,
  },
  {
    name: 'a certificate that is none',
    text: `${upstreamLine}tls: { certFile: ${garbage}, keyFile: ${key} }\n`,
    message: /^tls: the PEM files cannot be used: /,
  },
  {
    name: 'a client key that is none',
    text: `upstream: { url: "https://s3.example", certFile: ${cert}, keyFile: ${garbage} }\n`,
    message: /^upstream: the PEM files cannot be used: /,
  },
]
for (const { name, text, message } of faults) {
  t.test(`${name} is refused, with its setting`, async t => {
    const configuration = configure(text)
    const read = async () => [await readServerCertificate(configuration), await readUpstreamFiles(configuration)]
    await t.rejects(read(), { message })
  })
}
