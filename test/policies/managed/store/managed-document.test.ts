import t from 'tap'
import {
  type ManagedDocument,
  readManagedDocument,
  writeManagedDocument,
} from '../../../../src/policies/managed/store/managed-document.ts'

const changed = { bucket: 'media', changedBy: 'AKIA', changedAt: '2026-11-23T12:00:00.000Z' }
const full: ManagedDocument = {
  ...changed,
  rules: [
    {
      id: 'web',
      allowedOrigins: ['https://B.example', 'https://a.example'],
      allowedMethods: ['PUT', 'GET'],
      allowedHeaders: ['*'],
      exposeHeaders: ['ETag'],
      maxAgeSeconds: 0,
    },
    { allowedOrigins: [''], allowedMethods: ['HEAD'], allowedHeaders: [], exposeHeaders: [] },
  ],
}

t.test('a document comes back as it was written, order and casing included', async t => {
  t.same(readManagedDocument(writeManagedDocument(full), 'media'), full)
  t.same(readManagedDocument(writeManagedDocument({ ...changed, rules: undefined }), 'media'), {
    ...changed,
    rules: undefined,
  })
})

t.test('members that were not set are not written', async t => {
  const text = writeManagedDocument(full).toString()
  t.strictSame(JSON.parse(text).CORSRules[1], { AllowedOrigins: [''], AllowedMethods: ['HEAD'] })
})

const text = writeManagedDocument(full).toString()
const faults: readonly { name: string; text: string }[] = [
  { name: 'cut off', text: text.slice(0, -20) },
  { name: 'empty', text: '' },
  { name: 'of another bucket', text: text.replace('"media"', '"other"') },
  { name: 'a list', text: '[]' },
  { name: 'without its author', text: text.replace('ChangedBy', 'By') },
  { name: 'with rules that S3 would refuse', text: text.replace('"PUT"', '"PATCH"') },
  { name: 'without rules', text: text.replace('CORSRules', 'Rules') },
]
for (const { name, text } of faults) {
  t.test(`a document that is ${name} is refused`, async t => {
    t.throws(() => readManagedDocument(Buffer.from(text), 'media'))
  })
}
