import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { ConfigurationIssue } from '../issue.ts'

/** A file that a setting of the configuration names, and where it names it. */
export interface NamedFile extends Pick<ConfigurationIssue, 'file' | 'line' | 'column' | 'path'> {
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

/** Finds what keeps TLS from using the files. */
export function findPemFault({ ca, cert, key }: PemFiles): PemFault | undefined {
  for (const [part, content] of [
    ['cert', cert],
    ['ca', ca],
  ] as const) {
    if (content === undefined) continue
    const text = content.toString('latin1')
    const allowed = 'certificates as PEM: -----BEGIN CERTIFICATE-----'
    if (!text.includes('-----BEGIN CERTIFICATE-----'))
      return { part, message: `the file holds ${isKey(text) ? 'a key and ' : ''}no certificate`, allowed }
    if (readCertificate(content) === undefined)
      return {
        part,
        message: 'the certificate is cut or damaged (bad end line, or PEM that cannot be decoded)',
        allowed,
      }
  }
  if (key !== undefined) {
    const allowed = 'one private key as PEM, without a passphrase: -----BEGIN PRIVATE KEY-----'
    const text = key.toString('latin1')
    if (!isKey(text)) return { part: 'key', message: 'the file holds no private key', allowed }
    if (text.includes('ENCRYPTED')) return { part: 'key', message: 'the key is encrypted', allowed }
    try {
      const isOfCertificate = cert === undefined || readCertificate(cert)?.checkPrivateKey(createPrivateKey(key))
      const mine = 'the key that this certificate was made for'
      if (isOfCertificate !== true)
        return { part: 'key', message: 'the key is of another certificate (key values mismatch)', allowed: mine }
    } catch {
      return { part: 'key', message: 'the key is cut or damaged', allowed }
    }
  }
  try {
    createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    })
    return undefined
  } catch (error) {
    return { part: 'cert', message: error instanceof Error ? error.message : String(error), allowed: 'PEM for TLS 1.2' }
  }
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
    const fault = findPemFault(pem)
    const at = fault && placeOf(fault.part)
    if (fault && at) issues.push(issueAt(at, 'fault', `${at.named}: ${fault.message}`, fault.allowed))
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

function isKey(text: string): boolean {
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)
}

function readCertificate(content: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(content)
  } catch {
    return undefined
  }
}
