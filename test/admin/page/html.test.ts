import t from 'tap'
import { type HtmlValue, html } from '../../../src/admin/page/html.ts'

const cases: { name: string; value: HtmlValue; text: string }[] = [
  { name: 'markup', value: '<script>alert(1)</script>', text: '&lt;script&gt;alert(1)&lt;/script&gt;' },
  { name: 'quotation marks', value: `"'`, text: '&quot;&#39;' },
  { name: 'an entity', value: '&lt;', text: '&amp;lt;' },
  { name: 'a terminal escape', value: '\u001b[2J', text: '\\u001b[2J' },
  { name: 'a right-to-left override', value: '\u202egpj', text: '\\u202egpj' },
  { name: 'a line end, as YAML needs it', value: 'a\nb', text: 'a\nb' },
  { name: 'a number', value: 3, text: '3' },
  { name: 'zero', value: 0, text: '0' },
  { name: 'undefined', value: undefined, text: '' },
  { name: 'false', value: false, text: '' },
  { name: 'a template', value: html`<b>${'<'}</b>`, text: '<b>&lt;</b>' },
  { name: 'a list', value: [html`<b>`, '<', [html`</b>`]], text: '<b>&lt;</b>' },
]
for (const { name, value, text } of cases) {
  t.test(`${name} in a template`, async t => {
    t.equal(html`<p>${value}</p>`.toString(), `<p>${text}</p>`)
  })
}
