import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { anonymous, createEnvironmentCredentials } from '../../../src/s3/endpoint/credentials.ts'

const usable: readonly { name: string; env: Record<string, string>; expected: unknown }[] = [
  { name: 'nothing set is anonymous', env: {}, expected: undefined },
  {
    name: 'empty values are as good as none',
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
    expected: undefined,
  },
  {
    name: 'a key and its secret',
    env: { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'se/cr+et=' },
    expected: { accessKeyId: 'id', secretAccessKey: 'se/cr+et=', sessionToken: undefined },
  },
  {
    name: 'with a session token',
    env: { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' },
    expected: { accessKeyId: 'id', secretAccessKey: 's', sessionToken: 't' },
  },
]
for (const { name, env, expected } of usable) {
  t.test(name, async t => t.strictSame(await createEnvironmentCredentials(env)(), expected))
}

const faults: readonly { name: string; env: Record<string, string>; message: RegExp }[] = [
  { name: 'a key without its secret', env: { AWS_ACCESS_KEY_ID: 'canary' }, message: /belong together/ },
  { name: 'a secret without its key', env: { AWS_SECRET_ACCESS_KEY: 'canary' }, message: /belong together/ },
  {
    name: 'a value with a line break',
    env: { AWS_ACCESS_KEY_ID: 'canary\r\nX: y', AWS_SECRET_ACCESS_KEY: 's' },
    message: /AWS_ACCESS_KEY_ID holds/,
  },
  {
    name: 'a value and a file of it',
    env: { AWS_ACCESS_KEY_ID: 'canary', AWS_ACCESS_KEY_ID_FILE: '/nowhere' },
    message: /both set/,
  },
  {
    name: 'a file that is not there',
    env: { AWS_ACCESS_KEY_ID_FILE: '/nowhere/at-all', AWS_SECRET_ACCESS_KEY: 'canary' },
    message: /ENOENT/,
  },
]
for (const { name, env, message } of faults) {
  t.test(`${name} is refused without being quoted`, async t => {
    const error = await createEnvironmentCredentials(env)().then(
      () => undefined,
      (error: Error) => error,
    )
    t.match(error?.message, message)
    t.notMatch(error?.message, /canary/)
  })
}

t.test('files are read anew at each call', async t => {
  const directory = await mkdtemp(join(tmpdir(), 'credentials-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const id = join(directory, 'id')
  const secret = join(directory, 'secret')
  await writeFile(id, 'first\n')
  await writeFile(secret, 'secret\n')
  const credentials = createEnvironmentCredentials({ AWS_ACCESS_KEY_ID_FILE: id, AWS_SECRET_ACCESS_KEY_FILE: secret })
  t.match(await credentials(), { accessKeyId: 'first', secretAccessKey: 'secret' })
  await writeFile(id, 'other\n')
  t.match(await credentials(), { accessKeyId: 'other', secretAccessKey: 'secret' })
})

t.test('credentials: none is anonymous', async t => t.equal(await anonymous(), undefined))
