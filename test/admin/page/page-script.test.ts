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

t.test('it keeps the token in no cookie, no storage and no URL', async t => {
  t.notMatch(pageScript, /cookie|localStorage|sessionStorage|indexedDB|caches\./)
  const named = pageScript.split('\n').filter(line => /(?:pushState|href|URLSearchParams|\.search\b)/.test(line))
  t.strictSame(
    named.filter(line => /\+ token|token \+|\{token\}/.test(line)),
    [],
  )
})
