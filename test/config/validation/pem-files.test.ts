import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { findPemFault, findPemIssues } from '../../../src/config/validation/pem-files.ts'
import { localhostCertificate, localhostKey } from '../../fixtures/localhost-certificate.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
const locked = String(privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }))
const cert = String(localhostCertificate)
const key = String(localhostKey)

const cases: {
  name: string
  files: Record<string, string>
  fault: readonly [part: string, message: RegExp] | undefined
}[] = [
  { name: 'a pair', files: { cert, key }, fault: undefined },
  { name: 'an authority alone', files: { ca: cert }, fault: undefined },
  { name: 'a key of another certificate', files: { cert, key: other }, fault: ['key', /is of another certificate/] },
  { name: 'both files exchanged', files: { cert: key, key: cert }, fault: ['cert', /holds a key and no certificate/] },
  { name: 'a certificate where the key belongs', files: { cert, key: cert }, fault: ['key', /holds no private key/] },
  { name: 'half a certificate', files: { cert: cert.slice(0, 300), key }, fault: ['cert', /is cut or damaged/] },
  { name: 'half a key', files: { cert, key: key.slice(0, 100) }, fault: ['key', /is cut or damaged/] },
  { name: 'a key with a passphrase', files: { cert, key: locked }, fault: ['key', /is encrypted/] },
  { name: 'an authority that is none', files: { ca: 'x' }, fault: ['ca', /holds no certificate/] },
  { name: 'an empty certificate', files: { cert: '', key }, fault: ['cert', /holds no certificate/] },
]
for (const { name, files, fault } of cases) {
  t.test(`${name}: ${fault?.[1].source ?? 'nothing is wrong'}`, async t => {
    const found = findPemFault(
      Object.fromEntries(Object.entries(files).map(([part, text]) => [part, Buffer.from(text)])),
    )
    t.match([found?.part, found?.message], fault ?? [undefined, undefined])
    t.notMatch(found?.message ?? '', /error:|routines/, 'plain words')
  })
}

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
