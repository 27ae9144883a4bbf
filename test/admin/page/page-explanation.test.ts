import t from 'tap'
import { renderExplanation } from '../../../src/admin/page/page-explanation.ts'
import { makeSources } from '../sources.ts'

const { explain } = makeSources()
const ask = (origin: string | undefined, method = 'GET') =>
  renderExplanation(
    explain({ bucket: 'media', method: 'OPTIONS', origin, requestMethod: method, requestHeaders: undefined }),
  ).toString()

t.test('a denied request shows the rule, what it lists and the change', async t => {
  const text = ask('https://dev.example')
  t.match(text, '<span class="denied">Denied</span>')
  t.match(text, 'Rule 1, “web” <strong>(nearest)</strong>: origin fails.')
  t.match(text, '<code>https://app.example</code>')
  t.match(text, /<pre tabindex="0">[^<]*&quot;https:\/\/dev\.example&quot;/)
})

t.test('a change that lets more in says so', async t => {
  t.match(ask('http://dev.example'), '<strong>Risk:</strong>')
})

t.test('what was read otherwise, what the client gets and what a page may read are told', async t => {
  const question = { bucket: 'media', method: 'GET', origin: 'https://app.example', requestMethod: undefined }
  const explained = explain({ ...question, requestHeaders: undefined })
  const text = renderExplanation({
    ...explained,
    notes: ['a browser sends "x"'],
    answer: { hasCorsFields: true, text: 'an <answer>' },
    readable: { read: ['ETag'], hidden: ['Date'] },
  }).toString()
  t.match(text, 'a browser sends &quot;x&quot;.')
  t.match(text, 'The client gets an &lt;answer&gt;.')
  t.match(text, /may read <code>ETag<\/code>, and not <code>Date<\/code>/)
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
