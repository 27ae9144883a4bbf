import type { Environment } from '../../config/environment.ts'
import { readFileContentSync } from '../../config/files/file-content.ts'
import { readYaml } from '../../config/files/yaml-text.ts'
import { child } from '../../config/raw-value.ts'
import { parseAddress } from '../../config/schema/address.ts'

/**
 * Where the admin port is on this machine, `http://HOST:PORT`, as S3CORS_ADMIN or the configuration `file` says; undefined where
 * neither does, or in a way that `serve` would refuse. Of a file no more is read than that line: a health check comes again and again.
 */
export function configuredAdminUrl(file: string | undefined, environment: Environment): string | undefined {
  const text = environment.S3CORS_ADMIN ?? (file === undefined ? undefined : adminOfFile(file))
  const address = typeof text === 'string' ? parseAddress(text) : undefined
  if (address === undefined) return undefined
  const host = everyAddress[address.host] ?? address.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}

/** What stands for every address of the machine, and the one to ask. */
const everyAddress: Readonly<Record<string, string>> = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1' }

function adminOfFile(file: string): unknown {
  const content = readFileContentSync(file)
  if (content.kind !== 'bytes') return undefined
  const text = new TextDecoder().decode(content.bytes)
  // A key of the whole begins its line; what is within it is indented. JSON and `{ … }` are read as a whole.
  const line = /^(?:admin|"admin"|'admin')[ \t]*:.*$/m.exec(text)?.[0]
  return child(readYaml(line ?? (/^\s*\{/.test(text) ? text : '')).value, ['admin'])
}
