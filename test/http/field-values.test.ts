import t from 'tap'
import { fieldValues } from '../../src/http/field-values.ts'

t.test('every line of a field is found, whatever its case, and trimmed', async t => {
  const headers = ['Host', 'a', 'X-Amz-Date', ' 1 ', 'x-amz-date', '2', 'x-amz-datE2', '3']
  t.strictSame(fieldValues(headers, 'x-amz-date'), ['1', '2'])
  t.strictSame(fieldValues(headers, 'origin'), [])
  t.strictSame(fieldValues(['X-Amz-Date', '\t\xa01\xa0 '], 'x-amz-date'), ['\xa01\xa0'], 'SP and TAB are whitespace')
  t.strictSame(fieldValues(['odd'], 'odd'), [])
})
