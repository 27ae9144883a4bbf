import t from 'tap'
import { renderExplanation } from '../../../src/admin/page/page-explanation.ts'
import { makeSources } from '../sources.ts'

const { explain } = makeSources()
const ask = (origin: string | undefined, method = 'GET') =>
  renderExplanation(
    explain({ bucket: 'media', method: 'OPTIONS', origin, requestMethod: method, requestHeaders: undefined }),
  ).toString()

t.test('a denied request shows the rule, what it lists and the change', async t => {
  const text = ask('http://dev.example')
  t.match(text, '<span class="denied">Denied</span>')
  t.match(text, 'Rule 1, “web” <strong>(nearest)</strong>: origin fails.')
  t.match(text, '<code>https://app.example</code>')
  t.match(text, /<pre tabindex="0">[^<]*&quot;http:\/\/dev\.example&quot;/)
  t.match(text, '<strong>Risk:</strong>')
})

t.test('an allowed request shows the response fields', async t => {
  const text = ask('https://app.example')
  t.match(text, '<span class="allowed">Allowed</span>')
  t.match(text, 'Access-Control-Allow-Origin: https://app.example')
  t.match(text, 'matches')
})

t.test('what cannot be asked says so', async t => {
  t.match(ask(undefined), 'No change of the rules allows it')
})

t.test('hostile strings are text', async t => {
  const text = ask('https://<script>alert(1)</script>\u001b[2J')
  t.notMatch(text, '<script')
  t.notMatch(text, '\u001b')
})
