import { readFileSync } from 'node:fs'
import t from 'tap'
import { isTestedNode, testedNodes } from '../../../src/daemon/process/tested-nodes.ts'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

t.test('the releases are those that the suite runs on', async t => {
  const others = read('test/servers/node-versions').trim().split('\n')
  t.strictSame([...testedNodes].sort(), [...others, JSON.parse(read('package.json')).devDependencies.node].sort())
})

t.test('a release of their lines is one that was tested, another is not', async t => {
  for (const version of ['22.19.0', '22.30.1', '24.21.0', '26.0.0', process.versions.node])
    t.equal(isTestedNode(version), true, version)
  for (const version of ['20.20.2', '23.11.0', '25.1.0', '28.0.0', '2.4.0'])
    t.equal(isTestedNode(version), false, version)
})
