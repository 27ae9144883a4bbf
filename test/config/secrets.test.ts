import { inspect } from 'node:util'
import t from 'tap'
import { describeIssue } from '../../src/config/issue.ts'
import { hasAdminToken, readSecrets } from '../../src/config/secrets.ts'
import { readFrom } from '../fixtures/parsed-text.ts'

const keys = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalr/Example+Key' }
const files = {
  token: 't0ken-of-16-chars\n',
  crlf: 't0ken-of-16-chars\r\n',
  spaces: 'to ken',
  empty: '',
  short: '15-characters-5\n',
  binary: 'a\0b',
}

t.test('secrets come from variables and from files', async t => {
  const environment = { ...keys, AWS_SESSION_TOKEN_FILE: 'crlf', S3CORS_ADMIN_TOKEN_FILE: 'token' }
  const { secrets } = readSecrets(environment, readFrom(files))
  t.equal(secrets?.accessKeyId, 'AKIAEXAMPLE')
  t.equal(secrets?.secretAccessKey, 'wJalr/Example+Key')
  t.equal(secrets?.sessionToken, 't0ken-of-16-chars')
  t.equal(secrets?.adminToken, 't0ken-of-16-chars')
})

t.test('no secret is there unless it is given', async t => {
  const { secrets, issues } = readSecrets({}, readFrom({}))
  t.strictSame(
    [secrets?.accessKeyId, secrets?.secretAccessKey, secrets?.sessionToken, secrets?.adminToken],
    [undefined, undefined, undefined, undefined],
  )
  t.strictSame(issues, [])
})

t.test('secrets show in no log and no JSON', async t => {
  const { secrets } = readSecrets({ ...keys, S3CORS_ADMIN_TOKEN: 't0ken-of-16-chars' }, readFrom({}))
  t.equal(JSON.stringify(secrets), '{}')
  t.equal(inspect(secrets), '{}')
  t.strictSame({ ...secrets }, {})
})

const faults: readonly { name: string; environment: Record<string, string>; line: string }[] = [
  {
    name: 'both forms of one secret',
    environment: { S3CORS_ADMIN_TOKEN: 'hunter2', S3CORS_ADMIN_TOKEN_FILE: 'token' },
    line: 'S3CORS_ADMIN_TOKEN_FILE: set beside S3CORS_ADMIN_TOKEN; allowed: one of them',
  },
  {
    name: 'an empty secret',
    environment: { S3CORS_ADMIN_TOKEN: '' },
    line: 'S3CORS_ADMIN_TOKEN: the value is empty; allowed: visible ASCII characters',
  },
  {
    name: 'an empty file',
    environment: { S3CORS_ADMIN_TOKEN_FILE: 'empty' },
    line: 'S3CORS_ADMIN_TOKEN_FILE: the value is empty; allowed: visible ASCII characters',
  },
  {
    name: 'a secret with a space',
    environment: { S3CORS_ADMIN_TOKEN_FILE: 'spaces' },
    line: 'S3CORS_ADMIN_TOKEN_FILE: the value has spaces or characters that are not ASCII; allowed: visible ASCII characters',
  },
  {
    name: 'an admin token that is too short',
    environment: { S3CORS_ADMIN_TOKEN: '15-characters-5' },
    line: 'S3CORS_ADMIN_TOKEN: the token is short enough to be guessed; allowed: at least 16 characters, such as `openssl rand -hex 32` makes',
  },
  {
    name: 'an admin token of a file that is too short',
    environment: { S3CORS_ADMIN_TOKEN_FILE: 'short' },
    line: 'S3CORS_ADMIN_TOKEN_FILE: the token is short enough to be guessed; allowed: at least 16 characters, such as `openssl rand -hex 32` makes',
  },
  {
    name: 'an admin token with a line end of its own',
    environment: { S3CORS_ADMIN_TOKEN: 't0ken-of-16-chars\n' },
    line: 'S3CORS_ADMIN_TOKEN: the value has spaces or characters that are not ASCII; allowed: visible ASCII characters',
  },
  {
    name: 'a file that is no text',
    environment: { S3CORS_ADMIN_TOKEN_FILE: 'binary' },
    line: 'S3CORS_ADMIN_TOKEN_FILE: the control character U+0000 stands here; allowed: a file with the secret alone',
  },
  {
    name: 'a missing file',
    environment: { ...keys, AWS_SESSION_TOKEN_FILE: 'none' },
    line: 'AWS_SESSION_TOKEN_FILE: the file does not exist; allowed: the path of a readable file',
  },
  {
    name: 'a key without its secret',
    environment: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE' },
    line: 'AWS_ACCESS_KEY_ID: set without AWS_SECRET_ACCESS_KEY; allowed: both or neither',
  },
  {
    name: 'a secret without its key',
    environment: { AWS_SECRET_ACCESS_KEY: 'hunter2' },
    line: 'AWS_SECRET_ACCESS_KEY: set without AWS_ACCESS_KEY_ID; allowed: both or neither',
  },
  {
    name: 'a session without its key',
    environment: { AWS_SESSION_TOKEN: 'hunter2' },
    line: 'AWS_SESSION_TOKEN: set without AWS_ACCESS_KEY_ID; allowed: both or neither',
  },
]
for (const { name, environment, line } of faults) {
  t.test(`${name} is a fault that does not repeat it`, async t => {
    const { secrets, issues } = readSecrets(environment, readFrom(files))
    t.equal(secrets, undefined)
    t.strictSame(issues.map(describeIssue), [line])
    t.notMatch(JSON.stringify(issues), 'hunter2')
  })
}

t.test('an admin token is known to be there without being read', async t => {
  t.strictSame([{}, { S3CORS_ADMIN_TOKEN: 'a' }, { S3CORS_ADMIN_TOKEN_FILE: 'a' }].map(hasAdminToken), [
    false,
    true,
    true,
  ])
})
