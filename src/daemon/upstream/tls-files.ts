import { readFile } from 'node:fs/promises'
import type { Configuration } from '../../config/configuration.ts'
import { findPemFaults } from '../../config/validation/pem-files.ts'
import type { UpstreamFiles } from './upstream.ts'

/** The certificate and key of the S3 port, as they stand in their files. */
export interface ServerCertificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/** The contents of the files that a configuration names, besides its rules. */
export interface ConfigurationFiles {
  readonly upstream: UpstreamFiles
  readonly certificate: ServerCertificate | undefined
}

/** Reads what TLS towards the endpoint needs. Rejects with the path and the setting in its message. */
export async function readUpstreamFiles(configuration: Configuration): Promise<UpstreamFiles> {
  const { caFile, certFile, keyFile } = configuration.upstream
  const [ca, cert, key] = await Promise.all([
    readOptional('upstream.caFile', caFile),
    readOptional('upstream.certFile', certFile),
    readOptional('upstream.keyFile', keyFile),
  ])
  const files = { ca, cert, key }
  assertUsable('upstream', files)
  return files
}

/** Reads the server's certificate and key, and checks that they belong together. Undefined when TLS is off. */
export async function readServerCertificate(configuration: Configuration): Promise<ServerCertificate | undefined> {
  const { tls } = configuration
  if (tls === undefined) return undefined
  const [cert, key] = await Promise.all([
    readNamed('tls.certFile', tls.certFile),
    readNamed('tls.keyFile', tls.keyFile),
  ])
  assertUsable('tls', { cert, key })
  return { cert, key }
}

/** Reads every file of a configuration that TLS needs, on both sides. */
export async function readTlsFiles(configuration: Configuration): Promise<ConfigurationFiles> {
  const [upstream, certificate] = await Promise.all([
    readUpstreamFiles(configuration),
    readServerCertificate(configuration),
  ])
  return { upstream, certificate }
}

/** Whether the same bytes are in the same files. */
export function sameFiles(a: ConfigurationFiles, b: ConfigurationFiles): boolean {
  const contents = ({ upstream, certificate }: ConfigurationFiles) =>
    [upstream.ca, upstream.cert, upstream.key, certificate?.cert, certificate?.key].map(file =>
      file?.toString('base64'),
    )
  return JSON.stringify(contents(a)) === JSON.stringify(contents(b))
}

function assertUsable(setting: string, files: UpstreamFiles): void {
  const [fault] = findPemFaults(files)
  if (fault !== undefined)
    throw new Error(`${setting}: the PEM files cannot be used: ${setting}.${fault.part}File: ${fault.message}`)
}

function readOptional(setting: string, path: string | undefined): Promise<Buffer | undefined> {
  return path === undefined ? Promise.resolve(undefined) : readNamed(setting, path)
}

async function readNamed(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new Error(`${setting}: ${path} cannot be read (${code})`, { cause })
  }
}
