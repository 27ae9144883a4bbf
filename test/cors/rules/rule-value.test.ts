import t from 'tap'
import type { RuleIssue } from '../../../src/cors/rules/rule.ts'
import {
  checkAllowedHeader,
  checkExposeHeader,
  checkId,
  checkMaxAge,
  checkMethod,
  checkOrigin,
} from '../../../src/cors/rules/rule-value.ts'

interface Case {
  name: string
  check: (value: never, path: readonly (string | number)[]) => RuleIssue | undefined
  accepted: unknown[]
  refused: { value: unknown; reason: string; message: string; allowed?: RegExp }[]
}

const unsendable = (value: string) => ({
  value,
  reason: 'unsendable-character',
  message: `AllowedOrigin "${value}" contains invalid character.`,
})
const badName = (value: string) => ({
  value,
  reason: 'invalid-character',
  message: `AllowedHeader "${value}" contains invalid character.`,
})

const cases: Case[] = [
  {
    name: 'AllowedOrigins takes any text that can be sent, with one * at most',
    check: checkOrigin,
    accepted: [
      '',
      '*',
      'null',
      'localhost',
      '*.get',
      'https://a.example',
      'https://*',
      ' ',
      'https://\u00e4',
      '\u00a0',
      '\u00ff',
    ],
    refused: [
      {
        value: 'https://*.a.*',
        reason: 'too-many-wildcards',
        message: 'AllowedOrigin "https://*.a.*" can not have more than one wildcard.',
      },
      { value: '**', reason: 'too-many-wildcards', message: 'AllowedOrigin "**" can not have more than one wildcard.' },
      ...[
        'a\r\nX: y',
        'a\n',
        '\u0000',
        '\t',
        '\u001b[2J',
        '\u007f',
        '\u0080',
        '\u009f',
        '\u0100',
        '\u4e2d',
        '\u{1f600}',
        '\ud800',
      ].map(unsendable),
    ],
  },
  {
    name: 'AllowedMethods takes the five, byte for byte',
    check: checkMethod,
    accepted: ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'],
    refused: [
      ...['get', 'Put'].map(value => ({
        value,
        reason: 'unsupported-method',
        message: `Found unsupported HTTP method in CORS config. Unsupported method is ${value}`,
        allowed: new RegExp(`^${value.toUpperCase()}, in upper case$`),
      })),
      {
        value: 'OPTIONS',
        reason: 'unsupported-method',
        message: 'Found unsupported HTTP method in CORS config. Unsupported method is OPTIONS',
        allowed: /one of GET, PUT, POST, DELETE, HEAD; preflights need no entry/,
      },
      {
        value: '*',
        reason: 'unsupported-method',
        message: 'Found unsupported HTTP method in CORS config. Unsupported method is *',
        allowed: /write out/,
      },
      {
        value: '',
        reason: 'unsupported-method',
        message: 'Found unsupported HTTP method in CORS config. Unsupported method is ',
        allowed: /^one of GET, PUT, POST, DELETE, HEAD$/,
      },
      {
        value: ' GET',
        reason: 'unsupported-method',
        message: 'Found unsupported HTTP method in CORS config. Unsupported method is  GET',
      },
    ],
  },
  {
    name: 'AllowedHeaders takes field names with one * at most',
    check: checkAllowedHeader,
    accepted: ['*', 'x-amz-*', '*-md5', 'Content-Type', 'x_y'],
    refused: [
      {
        value: '*-amz-*',
        reason: 'too-many-wildcards',
        message: 'AllowedHeader "*-amz-*" can not have more than one wildcard.',
      },
      ...['', 'a b', 'a:', 'a,b', '\u00e4', 'a\r\nb', 'x\u0000'].map(badName),
    ],
  },
  {
    name: 'ExposeHeaders takes field names without *',
    check: checkExposeHeader,
    accepted: ['ETag', 'GET', 'x-amz-meta-a_b'],
    refused: [
      ...['*', 'x-amz-*', 'x *'].map(value => ({
        value,
        reason: 'wildcard-not-supported',
        message: `ExposeHeader "${value}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      })),
      ...['', 'test header', 'X-A\r\nSet-Cookie: a=b', '\u20ac', 'caf\u00e9'].map(badName),
    ],
  },
  {
    name: 'ID takes 255 characters that XML can hold',
    check: checkId,
    accepted: ['', 'web', 'a'.repeat(255), '\u{1f600}'.repeat(255), 'a\tb\nc\r', '<script>'],
    refused: [
      { value: 'a'.repeat(256), reason: 'id-too-long', message: 'ID has 256 characters' },
      { value: '\u{1f600}'.repeat(256), reason: 'id-too-long', message: 'ID has 256 characters' },
      ...['\u0000', '\u001b', '\ud800', 'a\udc00', '\ufffe', '\uffff'].map(value => ({
        value,
        reason: 'unsendable-character',
        message: 'ID holds a character that XML cannot',
      })),
    ],
  },
  {
    name: 'MaxAgeSeconds takes integers, 0 and negative ones included',
    check: checkMaxAge,
    accepted: [0, 3000, -1, 86401, -0],
    refused: [1.5, 1e99, Number.NaN, Number.POSITIVE_INFINITY, '3000', 'abc', '', null, true, [1], {}, undefined].map(
      value => ({
        value,
        reason: 'not-an-integer',
        message: 'MaxAgeSeconds is not an integer',
      }),
    ),
  },
]

for (const { name, check, accepted, refused } of cases) {
  t.test(name, async t => {
    for (const value of accepted) t.equal(check(value as never, []), undefined, `takes ${JSON.stringify(value)}`)
    for (const { value, reason, message, allowed } of refused) {
      const issue = check(value as never, [3, 'Key', 1])
      t.match(issue, { severity: 'fault', reason, message, path: [3, 'Key', 1] }, `refuses ${JSON.stringify(value)}`)
      t.ok(Object.is(issue?.value, value), 'with the value')
      if (allowed !== undefined) t.match(issue?.allowed, allowed)
    }
  })
}
