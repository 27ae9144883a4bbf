import { readFileSync } from 'node:fs'

/** The version of this package, as its package.json says. */
export function packageVersion(): string {
  // Three folders up from here, as source and as built alike.
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  const { version }: { version: string } = JSON.parse(text)
  return version
}
