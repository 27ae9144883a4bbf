import t from 'tap'
import { howToGiveSecret } from '../../src/config/secret-names.ts'

const cases: readonly [name: string, variable: string | undefined][] = [
  ['adminToken', 'S3CORS_ADMIN_TOKEN'],
  ['admin-token', 'S3CORS_ADMIN_TOKEN'],
  ['token', 'S3CORS_ADMIN_TOKEN'],
  ['S3CORS_TOKEN', 'S3CORS_ADMIN_TOKEN'],
  ['AWS_ACCESS_KEY_ID', 'AWS_ACCESS_KEY_ID'],
  ['accessKey', 'AWS_ACCESS_KEY_ID'],
  ['S3CORS_UPSTREAM_SECRET_KEY', 'AWS_SECRET_ACCESS_KEY'],
  ['aws_session_token', 'AWS_SESSION_TOKEN'],
  ['bearerToken', 'S3CORS_ADMIN_TOKEN'],
  ['admin_password', 'S3CORS_ADMIN_TOKEN'],
  ['aws-secret', 'AWS_SECRET_ACCESS_KEY'],
  ['keyFile', undefined],
  ['Authorization', undefined],
  ['buckets', undefined],
  ['constructor', undefined],
  ['', undefined],
]
for (const [name, variable] of cases) {
  t.test(`${JSON.stringify(name)} is ${variable ?? 'no secret'}`, async t => {
    const told = howToGiveSecret(name)
    if (variable === undefined) t.equal(told, undefined)
    else t.match(told, `environment variable ${variable}, or by ${variable}_FILE `)
  })
}
