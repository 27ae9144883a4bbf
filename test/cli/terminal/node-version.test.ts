import { readFileSync } from 'node:fs'
import t from 'tap'
import { nodeFault, oldestNode } from '../../../src/cli/terminal/node-version.ts'

t.test('the oldest Node is the one that the package names', async t => {
  const { engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  t.equal(engines.node, `>=${oldestNode.replace(/\.0$/, '')}`)
})

t.test('an older Node is refused, a newer one is not', async t => {
  for (const version of ['8.0.0', '18.20.8', '20.20.2', '22.9.0', '22.18.9']) {
    t.equal(nodeFault(version), `Node ${version} is too old: s3-cors-proxy needs 22.19.0 or newer`)
  }
  for (const version of ['22.19.0', '22.19.1', '22.23.3', '24.0.0', '26.0.0', '100.0.0', process.versions.node]) {
    t.equal(nodeFault(version), undefined, version)
  }
})
