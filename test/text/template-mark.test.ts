import t from 'tap'
import { beginsTemplate, isTemplate } from '../../src/text/template-mark.ts'

// `{` after `$` by itself: the linter takes the two in a text for a template.
const brace = '{'

const templates: readonly string[] = [
  '{{ cors_rules }}',
  '{{- toYaml .Values.rules | nindent 2 }}',
  '{{cors_rules|to_json}}',
  '{% for rule in rules %}',
  '<%= rules.to_json %>',
  '<% rules.each do |rule| %>',
  `$${brace}RULES}`,
  `https://$${brace}HOST}`,
  '#{rules}',
  '%{ for rule in rules }',
  '@@RULES@@',
  '%RULES%',
  '$RULES',
  ' __RULES__ ',
]
for (const text of templates) {
  t.test(`${text} is a template`, async t => {
    t.ok(isTemplate(text))
    t.ok(beginsTemplate(text, text.search(/[{<$#%@_]/)))
  })
}

const others: readonly string[] = [
  '',
  'https://app.example.com',
  'https://*.example.com',
  '{"CORSRules": []}',
  '{{"CORSRules": []}}',
  "{{ 'CORSRules': [] }}",
  '[{ "ID": "a" }]',
  '<CORSConfiguration>',
  '100%',
  '50% of 20%',
  'a$b',
  'mail@@example.com',
  '__proto',
]
for (const text of others) {
  t.test(`${JSON.stringify(text)} is none`, async t => {
    t.notOk(isTemplate(text))
    t.notOk(beginsTemplate(text, 0))
  })
}

t.test('a template begins where its mark stands, and not beside it', async t => {
  const text = '{"CORSRules": {{ rules }}}'
  t.strictSame(
    [...text].flatMap((_, offset) => (beginsTemplate(text, offset) ? [offset] : [])),
    [14],
  )
})
