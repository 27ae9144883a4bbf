import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import t from 'tap'
import { findPemFaults, findPemIssues } from '../../../src/config/validation/pem-files.ts'
import { localhostCertificate, localhostKey } from '../../fixtures/localhost-certificate.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
const locked = String(privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }))
const cert = String(localhostCertificate)
const certDer = new X509Certificate(cert).raw
const derOf = (type: 'pkcs8' | 'sec1') => privateKey.export({ type, format: 'der' })
const labelled = (label: string) => `-----BEGIN ${label}-----\nMAA=\n-----END ${label}-----\n`
const [signer] = rootCertificates
const key = String(localhostKey)

const cases: {
  name: string
  files: Record<string, string | Buffer>
  fault: readonly [part: string, message: RegExp] | undefined
}[] = [
  { name: 'a pair', files: { cert, key }, fault: undefined },
  { name: 'an authority alone', files: { ca: cert }, fault: undefined },
  { name: 'a key of another certificate', files: { cert, key: other }, fault: ['key', /is of another certificate/] },
  { name: 'both files exchanged', files: { cert: key, key: cert }, fault: ['cert', /holds a key and no certificate/] },
  { name: 'a certificate where the key belongs', files: { cert, key: cert }, fault: ['key', /and no private key/] },
  { name: 'half a certificate', files: { cert: cert.slice(0, 300), key }, fault: ['cert', /is cut or damaged/] },
  { name: 'half a key', files: { cert, key: key.slice(0, 100) }, fault: ['key', /is cut or damaged/] },
  { name: 'a key with a passphrase', files: { cert, key: locked }, fault: ['key', /is encrypted/] },
  { name: 'an authority that is none', files: { ca: 'x' }, fault: ['ca', /holds no certificate/] },
  { name: 'an empty certificate', files: { cert: '', key }, fault: ['cert', /is empty/] },
  {
    name: 'a certificate as DER',
    files: { cert: certDer, key },
    fault: ['cert', /holds a certificate as DER, not as PEM/],
  },
  { name: 'an authority as DER', files: { ca: certDer }, fault: ['ca', /holds a certificate as DER, not as PEM/] },
  { name: 'a key as DER', files: { cert, key: derOf('pkcs8') }, fault: ['key', /holds a key as DER, not as PEM/] },
  {
    name: 'a key as DER of SEC 1',
    files: { cert, key: derOf('sec1') },
    fault: ['key', /holds a key as DER, not as PEM/],
  },
  {
    name: 'a key as DER for a certificate',
    files: { cert: derOf('pkcs8'), key },
    fault: ['cert', /holds a key as DER/],
  },
  {
    name: 'other ASN.1',
    files: { cert: Buffer.from('3003020103', 'hex'), key },
    fault: ['cert', /is binary, such as PKCS #12/],
  },
  { name: 'UTF-16', files: { cert: Buffer.from(`\ufeff${cert}`, 'utf16le'), key }, fault: ['cert', /is UTF-16/] },
  {
    name: 'a request',
    files: { cert: labelled('CERTIFICATE REQUEST'), key },
    fault: ['cert', /holds a request for a certificate/],
  },
  { name: 'PKCS #7', files: { cert: labelled('PKCS7'), key }, fault: ['cert', /holds PKCS #7/] },
  {
    name: 'a revocation list',
    files: { ca: labelled('X509 CRL') },
    fault: ['ca', /holds a list of revoked certificates/],
  },
  {
    name: 'a trusted certificate',
    files: { cert: labelled('TRUSTED CERTIFICATE'), key },
    fault: ['cert', /in OpenSSL's own form/],
  },
  { name: 'a public key', files: { cert, key: labelled('PUBLIC KEY') }, fault: ['key', /holds a public key/] },
  {
    name: 'a key of ssh-keygen',
    files: { cert, key: labelled('OPENSSH PRIVATE KEY') },
    fault: ['key', /in the form of OpenSSH/],
  },
  {
    name: 'a public key of ssh-keygen',
    files: { cert, key: 'ssh-ed25519 AAAA x\n' },
    fault: ['key', /holds a public key/],
  },
  {
    name: 'a chain from its end',
    files: { cert: `${signer}\n${cert}`, key },
    fault: ['cert', /begins with another certificate/],
  },
]
for (const { name, files, fault } of cases) {
  t.test(`${name}: ${fault?.[1].source ?? 'nothing is wrong'}`, async t => {
    const [found] = findPemFaults(
      Object.fromEntries(
        Object.entries(files).map(([part, content]) => [
          part,
          typeof content === 'string' ? Buffer.from(content) : content,
        ]),
      ),
    )
    t.match([found?.part, found?.message], fault ?? [undefined, undefined])
    t.notMatch(found?.message ?? '', /error:|routines/, 'plain words')
  })
}

t.test('what is wrong with each file is told at once', async t => {
  const found = findPemFaults({ ca: Buffer.from('x'), cert: Buffer.from(key), key: Buffer.from(cert) })
  t.strictSame(
    found.map(({ part, message }) => `${part}: ${message}`),
    [
      'ca: the file holds no certificate',
      'cert: the file holds a key and no certificate',
      'key: the file holds a certificate and no private key',
    ],
  )
})

t.test('a certificate whose time is over is a warning at its place', async t => {
  const directory = t.testdir({ 'c.pem': cert, 'k.pem': key })
  const at = (path: readonly string[], named: string, column: number) => ({
    path,
    named: join(directory, named),
    file: 'a.yaml',
    line: 2,
    column,
  })
  const files = [at(['tls', 'certFile'], 'c.pem', 8), at(['tls', 'keyFile'], 'k.pem', 20)]
  t.strictSame(findPemIssues(files, 0), [])
  t.match(findPemIssues(files, Date.parse('2999-01-01')), [
    { severity: 'warning', file: 'a.yaml', line: 2, column: 8, message: /the certificate expired at / },
  ])
})
