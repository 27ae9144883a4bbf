import t from 'tap'
import { configurationSchema } from '../../../src/config/schema/schema.ts'
import { findSchemaFaults } from '../../../src/config/schema/schema-faults.ts'

const upstream = { url: 'http://a' }
const cases: readonly { name: string; raw: unknown; faults: readonly string[] }[] = [
  { name: 'nothing wrong', raw: { upstream }, faults: [] },
  {
    name: 'an unknown key with a near one',
    raw: { upstream, listenn: 1 },
    faults: ['listenn key unknown key "listenn" → did you mean "listen"?'],
  },
  {
    name: 'an unknown key in a bucket',
    raw: { upstream, buckets: { abc: { corsRules: [] } } },
    faults: ['buckets.abc.corsRules key unknown key "corsRules" → did you mean "CORSRules"?'],
  },
  {
    name: 'an unknown key below two sections',
    raw: { upstream, managed: { store: { dir: 'a' } } },
    faults: ['managed.store.dir key unknown key "dir" → '],
  },
  { name: 'a missing value', raw: { upstream: {} }, faults: ['upstream.url value the value is missing → '] },
  { name: 'text for a number', raw: { upstream, workers: '1' }, faults: ['workers value "1" is text → '] },
  { name: 'a number for text', raw: { upstream, listen: 1 }, faults: ['listen value 1 is a number → '] },
  { name: 'true for text', raw: { upstream, listen: true }, faults: ['listen value true is true or false → '] },
  { name: 'a fraction', raw: { upstream, workers: 1.5 }, faults: ['workers value 1.5 is not a whole number → '] },
  { name: 'null for a section', raw: { upstream, log: null }, faults: ['log value nothing stands here → '] },
  { name: 'a mapping for text', raw: { upstream, listen: {} }, faults: ['listen value a mapping stands here → '] },
  { name: 'a number out of range', raw: { upstream, workers: 0 }, faults: ['workers value 0 is out of range → '] },
  { name: 'empty text', raw: { upstream, listen: '' }, faults: ['listen value "" is empty → '] },
  {
    name: 'a list too long',
    raw: { upstream, hosts: Array(1001).fill('a') },
    faults: ['hosts value the list is too long → '],
  },
  {
    name: 'a template for text',
    raw: { upstream: { url: '{{ url }}' } },
    faults: ['upstream.url value "{{ url }}" is a template that is not filled in → '],
  },
  {
    name: 'a template for a number',
    raw: { upstream, workers: '<%= w %>' },
    faults: ['workers value "<%= w %>" is a template that is not filled in → '],
  },
  {
    name: 'a template for a list',
    raw: { upstream, hosts: '@@HOSTS@@' },
    faults: ['hosts value "@@HOSTS@@" is a template that is not filled in → '],
  },
  { name: 'a list instead of the whole', raw: [], faults: [' value a list stands here → '] },
]
for (const { name, raw, faults } of cases) {
  t.test(`${name} is told once`, async t => {
    const found = findSchemaFaults(configurationSchema, raw)
    t.equal(found.written === undefined, faults.length > 0)
    t.strictSame(
      found.faults.map(
        ({ path, at, message, allowed }) =>
          `${path.join('.')} ${at} ${message} → ${/did you mean .*/.exec(allowed)?.[0] ?? ''}`,
      ),
      faults,
    )
    for (const fault of found.faults) t.not(fault.allowed, '', 'and says what is allowed')
  })
}

const secret = 'AKIDEXAMPLE0:wJalrEXAMPLEKEY'
const misplaced: readonly { name: string; raw: unknown; variables: readonly string[] }[] = [
  {
    name: 'keys as a mapping under upstream.credentials',
    raw: { upstream: { url: 'http://a', credentials: { accessKeyId: secret, secretAccessKey: secret } } },
    variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  },
  {
    name: 'keys as a text under upstream.credentials',
    raw: { upstream: { url: 'http://a', credentials: secret } },
    variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  },
  {
    name: 'keys as a list under upstream.credentials',
    raw: { upstream: { url: 'http://a', credentials: [secret] } },
    variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  },
  {
    name: 'keys beside the address under upstream.url',
    raw: { upstream: { url: { host: 'a', accessKey: secret, secretKey: secret } } },
    variables: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  },
  {
    name: 'variables in the file',
    raw: { upstream, env: { AWS_SECRET_ACCESS_KEY: secret } },
    variables: ['AWS_SECRET_ACCESS_KEY'],
  },
  {
    name: 'a token under admin',
    raw: { upstream, admin: { listen: ':9090', token: secret } },
    variables: ['S3CORS_ADMIN_TOKEN'],
  },
]
for (const { name, raw, variables } of misplaced) {
  t.test(`${name}: one fault names the variables, and holds no key`, async t => {
    const { faults } = findSchemaFaults(configurationSchema, raw)
    t.equal(faults.length, 1)
    for (const variable of variables) t.match(faults[0]?.allowed, variable)
    const { value: _, ...told } = faults[0] ?? { value: undefined }
    t.notMatch(JSON.stringify(told), secret)
  })
}
