import t from 'tap'
import { writeManagedDocument } from '../../../../src/policies/managed/store/managed-document.ts'
import { parseStored, UnreadableDocument } from '../../../../src/policies/managed/store/rule-store.ts'

t.test('what is no document is told apart from a store that does not answer, with its version', async t => {
  try {
    parseStored(Buffer.from('{"secret'), 'media', '"7"')
    t.fail('was read')
  } catch (error) {
    t.ok(error instanceof UnreadableDocument)
    t.match(error, { version: '"7"', message: 'the stored document cannot be read: it is not JSON' })
  }
})

t.test('a document is read', async t => {
  const document = { bucket: 'media', rules: undefined, changedBy: 'a', changedAt: 'b' }
  t.same(parseStored(writeManagedDocument(document), 'media', undefined), document)
})
