import { Script } from 'node:vm'
import t from 'tap'
import { pageScript } from '../../../src/admin/page/page-script.ts'

t.test('the script is a script', async t => {
  t.doesNotThrow(() => new Script(pageScript))
})

t.test('it never makes HTML out of text', async t => {
  t.notMatch(pageScript, /innerHTML\s*=[^=]|insertAdjacentHTML|document\.write|eval\(/)
})

t.test('it posts what the admin port takes', async t => {
  t.match(pageScript, "'content-type': 'application/json'")
})
