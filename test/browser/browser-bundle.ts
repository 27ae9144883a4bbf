import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'

/** A script as a site would bundle it, which defines `globalName` with what `exports` names. */
export async function bundleForBrowser(globalName: string, exports: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: exports, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    write: false,
    format: 'iife',
    globalName,
    platform: 'browser',
    logLevel: 'silent',
  })
  await stop()
  return outputFiles[0]?.text ?? ''
}
