// A copy of the built proxy, so that a build during a run changes nothing of what is measured.

import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface BuiltProgram {
  /** `dist/cli.js` of the copy. */
  readonly cli: string
  remove(): void
}

/** Copies what was built of the checkout at `root`. */
export function copyBuiltProgram(root: string): BuiltProgram {
  if (!existsSync(join(root, 'dist/cli.js'))) throw new Error(`${root} is not built: npm run build`)
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-built-'))
  for (const name of ['dist', 'package.json', 'config']) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return { cli: join(folder, 'dist/cli.js'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The checkout that a `dist/cli.js` belongs to. */
export function checkoutOf(cli: string): string {
  return dirname(dirname(cli))
}
