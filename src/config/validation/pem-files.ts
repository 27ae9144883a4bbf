import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { ConfigurationIssue, SettingPlace } from '../issue.ts'

/** A file that a setting of the configuration names, and where it names it. */
export interface NamedFile extends SettingPlace {
  /** Relative to the working directory. */
  readonly named: string
}

/** What stands in the PEM files of one side. */
export interface PemFiles {
  readonly ca?: Buffer | undefined
  readonly cert?: Buffer | undefined
  readonly key?: Buffer | undefined
}

/** What is wrong with PEM files, in plain words, and with which of them; undefined when TLS can use them. */
export interface PemFault {
  readonly part: keyof PemFiles
  readonly message: string
  readonly allowed: string
}

/** Finds what keeps TLS from using the files: the faults of each, else that they do not fit one another. */
export function findPemFaults(files: PemFiles): readonly PemFault[] {
  const { ca, cert, key } = files
  const faults = [findCertificateFault('ca', ca), findCertificateFault('cert', cert), findKeyFault(key)]
  const found = faults.filter(fault => fault !== undefined)
  if (found.length > 0) return found
  if (cert !== undefined && key !== undefined && !isKeyOf(key, cert)) {
    return [
      certificatesOf(cert).some(one => isKeyOf(key, one))
        ? {
            part: 'cert',
            message: 'the file begins with another certificate than that of the key',
            allowed: 'the certificate of the key first, then those that signed it',
          }
        : {
            part: 'key',
            message: 'the key is of another certificate (key values mismatch)',
            allowed: 'the key that this certificate was made for',
          },
    ]
  }
  try {
    createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    })
    return []
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return [{ part: 'cert', message, allowed: 'PEM for TLS 1.2' }]
  }
}

function findCertificateFault(part: 'ca' | 'cert', content: Buffer | undefined): PemFault | undefined {
  if (content === undefined) return undefined
  const allowed = 'certificates as PEM: -----BEGIN CERTIFICATE-----'
  if (!content.includes('-----BEGIN CERTIFICATE-----'))
    return { part, ...otherContent(content, 'certificate', allowed) }
  if (readCertificate(content) !== undefined) return undefined
  const message = 'the certificate is cut or damaged (bad end line, or PEM that cannot be decoded)'
  return { part, message, allowed }
}

function findKeyFault(content: Buffer | undefined): PemFault | undefined {
  if (content === undefined) return undefined
  const part = 'key'
  const allowed = 'one private key as PEM, without a passphrase: -----BEGIN PRIVATE KEY-----'
  if (!keyMark.test(content.toString('latin1'))) return { part, ...otherContent(content, 'private key', allowed) }
  if (content.includes('ENCRYPTED')) return { part, message: 'the key is encrypted', allowed }
  try {
    createPrivateKey(content)
    return undefined
  } catch {
    return { part, message: 'the key is cut or damaged', allowed }
  }
}

function isKeyOf(key: Buffer, certificate: Buffer | X509Certificate): boolean {
  const read = certificate instanceof X509Certificate ? certificate : readCertificate(certificate)
  return read?.checkPrivateKey(createPrivateKey(key)) === true
}

/** Reads the files that `tls` and `upstream` name, and says what is wrong with each, at its place. For a person: a start reads them itself. */
export function findPemIssues(files: readonly NamedFile[], now = Date.now()): readonly ConfigurationIssue[] {
  const issues: ConfigurationIssue[] = []
  for (const section of ['tls', 'upstream']) {
    const pem: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {}
    const own = files.filter(({ path }) => path[0] === section)
    const placeOf = (part: keyof PemFiles) => own.find(({ path }) => path[1] === `${part}File`)
    for (const part of ['ca', 'cert', 'key'] as const) {
      const file = placeOf(part)
      if (file === undefined) continue
      try {
        pem[part] = readFileSync(file.named)
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? String(error)
        issues.push(issueAt(file, 'fault', `${file.named} cannot be read (${code})`, 'the path of a readable file'))
      }
    }
    for (const { part, message, allowed } of findPemFaults(pem)) {
      const at = placeOf(part)
      if (at !== undefined) issues.push(issueAt(at, 'fault', `${at.named}: ${message}`, allowed))
    }
    const certificate = pem.cert && readCertificate(pem.cert)
    const named = placeOf('cert')
    if (certificate && named && Date.parse(certificate.validTo) < now)
      issues.push(
        issueAt(named, 'warning', `${named.named}: the certificate expired at ${certificate.validTo}`, 'a renewed one'),
      )
  }
  return issues
}

function issueAt(
  { named: _, ...place }: NamedFile,
  severity: ConfigurationIssue['severity'],
  message: string,
  allowed: string,
): ConfigurationIssue {
  return { severity, reason: 'pem-file', ...place, value: undefined, message, allowed }
}

const keyMark = /-----BEGIN (?!OPENSSH)[A-Z ]*PRIVATE KEY-----/

/** What a file may be in place of PEM of the kind that is wanted: what to say of it, and how to get that. */
interface OtherContent {
  readonly says: string
  readonly how?: string
}

/** The first that fits is told. */
const otherTexts: readonly (OtherContent & { readonly sign: RegExp })[] = [
  { sign: /^\s*$/, says: 'is empty' },
  { sign: /^(?:\xff\xfe|\xfe\xff)/, says: 'is UTF-16', how: 'as UTF-8' },
  { sign: /-----BEGIN CERTIFICATE-----/, says: 'holds a certificate and no private key' },
  { sign: keyMark, says: 'holds a key and no certificate' },
  {
    sign: /-----BEGIN OPENSSH PRIVATE KEY-----/,
    says: 'holds a key in the form of OpenSSH',
    how: 'made of it by ssh-keygen -p -m PEM',
  },
  { sign: /-----BEGIN [A-Z ]*PUBLIC KEY-----|^ssh-/, says: 'holds a public key' },
  {
    sign: /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/,
    says: 'holds a request for a certificate',
    how: 'as the authority answers to it',
  },
  { sign: /-----BEGIN X509 CRL-----/, says: 'holds a list of revoked certificates' },
  { sign: /-----BEGIN PKCS7-----/, says: 'holds PKCS #7', how: 'made of it by openssl pkcs7 -print_certs' },
  {
    sign: /-----BEGIN TRUSTED CERTIFICATE-----/,
    says: "holds a certificate in OpenSSL's own form",
    how: 'made of it by openssl x509',
  },
]

/** Says what a file holds in place of what is wanted. */
function otherContent(content: Buffer, wanted: 'certificate' | 'private key', allowed: string): Omit<PemFault, 'part'> {
  const found = otherTexts.find(({ sign }) => sign.test(content.toString('latin1'))) ?? otherBinary(content)
  if (found === undefined) return { message: `the file holds no ${wanted}`, allowed }
  return { message: `the file ${found.says}`, allowed: found.how === undefined ? allowed : `${allowed}, ${found.how}` }
}

/** ASN.1 without the letters of PEM begins with a SEQUENCE. https://www.rfc-editor.org/rfc/rfc5280#section-4.1 */
function otherBinary(content: Buffer): OtherContent | undefined {
  if (content[0] !== 0x30) return undefined
  if (readCertificate(content) !== undefined) {
    return { says: 'holds a certificate as DER, not as PEM', how: 'made of it by openssl x509 -inform der' }
  }
  const isKey = (['pkcs8', 'pkcs1', 'sec1'] as const).some(type => {
    try {
      return createPrivateKey({ key: content, format: 'der', type }).type === 'private'
    } catch {
      return false
    }
  })
  return isKey
    ? { says: 'holds a key as DER, not as PEM', how: 'made of it by openssl pkey -inform der' }
    : { says: 'is binary, such as PKCS #12', how: 'made of it by openssl pkcs12 -nodes' }
}

/** The certificates of a PEM file that can be read, in its order. */
function certificatesOf(content: Buffer): readonly X509Certificate[] {
  const texts = content.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return texts.map(text => readCertificate(Buffer.from(text))).filter(one => one !== undefined)
}

function readCertificate(content: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(content)
  } catch {
    return undefined
  }
}
