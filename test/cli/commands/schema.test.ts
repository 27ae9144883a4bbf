import { readFileSync } from 'node:fs'
import t from 'tap'
import { runCli } from '../../fixtures/run-cli.ts'

t.setTimeout(300_000)

t.test('schema writes what config/schema.json holds', async t => {
  const { code, out, err } = await runCli(['schema'])
  t.strictSame([code, err], [0, ''])
  t.equal(out, readFileSync(new URL('../../../config/schema.json', import.meta.url), 'utf8'))
})
