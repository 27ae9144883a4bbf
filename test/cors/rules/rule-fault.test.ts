import t from 'tap'
import { describeKind, invalid, malformed, malformedXmlMessage } from '../../../src/cors/rules/rule-fault.ts'

t.test('a fault of form carries the one sentence of S3 beside ours', async t => {
  t.strictSame(malformed('wrong-type', [0, 'ID'], 7, 'ID is a number', 'a string'), {
    severity: 'fault',
    reason: 'wrong-type',
    path: [0, 'ID'],
    value: 7,
    s3Code: 'MalformedXML',
    s3Message: malformedXmlMessage,
    message: 'ID is a number',
    allowed: 'a string',
  })
})

t.test('a fault of a value carries the sentence of S3 twice', async t => {
  t.strictSame(invalid('too-many-rules', [], 101, 'S3 says', 'fewer'), {
    severity: 'fault',
    reason: 'too-many-rules',
    path: [],
    value: 101,
    s3Code: 'InvalidRequest',
    s3Message: 'S3 says',
    message: 'S3 says',
    allowed: 'fewer',
  })
})

t.test('kinds are named in the words of YAML', async t => {
  const kinds: [unknown, string][] = [
    [null, 'nothing'],
    [undefined, 'nothing'],
    [[], 'a list'],
    ['', 'a string'],
    [0, 'a number'],
    [false, 'a boolean'],
    [{}, 'a mapping'],
  ]
  for (const [value, kind] of kinds) t.equal(describeKind(value), kind)
})
