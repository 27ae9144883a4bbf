import t from 'tap'
import { isBucketName } from '../../../src/s3/address/bucket-name.ts'

const cases: { name: string; accepted?: string[]; rejected?: string[] }[] = [
  {
    name: 'a bucket name has 3 to 63 characters',
    accepted: ['abc', 'a'.repeat(63)],
    rejected: ['', 'a', 'ab', 'a'.repeat(64)],
  },
  {
    name: 'a bucket name has lower-case letters, digits, dots and hyphens only',
    accepted: ['my-media', 'my.media', '123', 'a1-b2.c3', 'a--b'],
    rejected: [
      'My-media',
      'my_media',
      'my media',
      'my/media',
      'médias',
      'abc\0',
      'a:b',
      'a%62c',
      'constructor_',
      '__proto__',
    ],
  },
  {
    name: 'a bucket name begins and ends with a letter or digit',
    rejected: ['-abc', 'abc-', '.abc', 'abc.'],
  },
  {
    name: 'two dots are never adjacent; a dot beside a hyphen is allowed',
    accepted: ['a.-b', 'a-.b'],
    rejected: ['a..b'],
  },
  {
    name: 'a bucket name does not have the shape of an IPv4 address',
    accepted: ['1.2.3', '1.2.3.4.5', '1.2.3.a4', '1234.1.1.1'],
    rejected: ['192.168.5.4', '999.1.1.1'],
  },
  {
    name: 'the prefixes and suffixes that S3 reserves are refused',
    accepted: ['axn--b', 's3alias', 'mrap', 'amzn-s3-demo-bucket', 'a-x-s3', 'xn-abc', 'sthree'],
    rejected: ['xn--abc', 'sthree-abc', 'abc-s3alias', 'abc--ol-s3', 'abc.mrap', 'abc--x-s3', 'abc--table-s3'],
  },
  {
    name: 'names of object properties are names like any other where S3 allows them',
    accepted: ['constructor', 'prototype'],
    rejected: ['__proto__', 'hasOwnProperty', 'toString'],
  },
]
for (const { name, accepted = [], rejected = [] } of cases) {
  t.test(name, async t => {
    for (const value of accepted) t.equal(isBucketName(value), true, `accepts '${value}'`)
    for (const value of rejected) t.equal(isBucketName(value), false, `rejects '${value}'`)
  })
}
