import type { ConfigurationSource } from '../../config/loading/load-configuration.ts'
import type { Option, ParsedArguments, Terminal } from './command.ts'

/** The option that names the file, for every command that reads a configuration. */
export const configOption: Option = {
  name: 'config',
  kind: 'text',
  value: 'FILE',
  meaning: 'the configuration; else the variable S3CORS_CONFIG',
}

/** Where the configuration comes from; undefined, and a line that says so, when nothing says what it is. */
export function configurationSource(
  given: ParsedArguments,
  { environment, err }: Terminal,
): ConfigurationSource | undefined {
  const file = given.texts.config ?? (environment.S3CORS_CONFIG || undefined)
  const hasEndpoint = given.settings['upstream-url'] !== undefined || environment.S3CORS_UPSTREAM_URL !== undefined
  if (file === undefined && !hasEndpoint) {
    err('no configuration; allowed: --config FILE, or at least --upstream-url URL\n')
    return undefined
  }
  return { file, environment, flags: given.settings }
}
