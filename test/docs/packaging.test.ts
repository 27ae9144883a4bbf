// What comes with the package, and what a machine says to the commands that the README begins with.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { execFile } from '../fixtures/children.ts'

t.setTimeout(300_000)

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

t.test('the npm package has the program, the samples and what deploys them', async t => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: root })
  const [{ files } = { files: [] }] = JSON.parse(stdout) as { readonly files: { readonly path: string }[] }[]
  const paths = files.map(({ path }) => path)
  for (const path of [
    'dist/cli.js',
    'config/minio.yaml',
    'deploy/README.md',
    'deploy/systemd/s3-cors-proxy.service',
    'deploy/systemd/s3-cors-proxy.socket',
    'deploy/helm/s3-cors-proxy/Chart.yaml',
    'deploy/grafana/s3-cors-proxy.json',
    'deploy/prometheus/rules.yaml',
  ])
    t.ok(paths.includes(path), path)
  const shown = [...readFileSync(`${root}/README.md`, 'utf8').matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(
    ([, path = '']) => path,
  )
  t.ok(shown.length >= 4, 'the README shows pictures')
  for (const path of shown) t.ok(paths.includes(path), `${path}, which the README shows`)
  const strange = paths.filter(path => !shown.includes(path) && /^(?:src|test|findings)\/|^deploy\/.*\.ts$/.test(path))
  t.strictSame(strange, [], 'no sources and no tests')
})

t.test(
  'npm is silent about engines: under Node.js 20 it would warn 80 lines of packages that the project’s own runs',
  async t => {
    t.match(readFileSync(`${root}/.npmrc`, 'utf8'), /^loglevel=error$/m)
  },
)
