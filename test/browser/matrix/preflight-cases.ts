import type { MatrixCase } from './matrix-case.ts'

const put = (bucket: string, init = `method: 'PUT'`) => `await ask(s3 + '/${bucket}/asked', { ${init} })`

/** Requests that a browser asks about first, and how long it remembers the answer. */
export const preflightCases: readonly MatrixCase[] = [
  {
    name: 'a PUT is asked about and allowed',
    on: 'scripted',
    script: `return ${put('media')}`,
    expected: '200 scripted',
    preflights: 1,
  },
  {
    name: 'a DELETE that no rule lists is refused before it is sent',
    on: 'scripted',
    script: `return ask(s3 + '/media/never-deleted', { method: 'DELETE' })`,
    expected: 'blocked',
    preflights: 1,
    after: async (t, { upstream }) => {
      t.strictSame(
        upstream.requests.filter(({ target }) => target.includes('never-deleted')),
        [],
        'nothing reaches the endpoint',
      )
    },
  },
  {
    name: 'an Authorization field is asked about and allowed by *',
    on: 'scripted',
    script: `return ${put('media', `headers: { Authorization: 'x' }`)}`,
    expected: '200 scripted',
    preflights: 1,
  },
  {
    name: 'fields that a pattern lists are allowed',
    on: 'scripted',
    script: `return ${put('reading', `headers: { 'X-Amz-Date': 'x', 'x-amz-meta-a': 'b' }`)}`,
    expected: '200 scripted',
    preflights: 1,
  },
  {
    name: 'one field that nothing lists is enough to refuse',
    on: 'scripted',
    script: `return ${put('reading', `headers: { 'X-Amz-Date': 'x', 'Content-Type': 'application/json' }`)}`,
    expected: 'blocked',
    preflights: 1,
  },
  {
    name: 'a field is refused where the rules list none',
    on: 'scripted',
    script: `return ${put('everyone', `headers: { 'x-amz-acl': 'private' }`)}`,
    expected: 'blocked',
    preflights: 1,
  },
  {
    name: 'a PUT is refused to an origin that no rule lists',
    on: 'scripted',
    script: `return ${put('others')}`,
    expected: 'blocked',
    preflights: 1,
  },
  {
    name: 'a simple content type is not asked about, JSON is',
    on: 'scripted',
    script: `return [${put('media', `method: 'POST', body: 'x'`)},
      ${put('media', `method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' }`)}]`,
    expected: ['200 scripted', '200 scripted'],
    preflights: 1,
  },
  {
    name: 'with MaxAgeSeconds: 600 a preflight is remembered',
    on: 'scripted',
    script: `return [${put('media')}, ${put('media')}, ${put('media')}]`,
    expected: ['200 scripted', '200 scripted', '200 scripted'],
    preflights: 1,
  },
  {
    name: 'a remembered preflight holds for its own URL alone',
    on: 'scripted',
    script: `return [${put('media')}, await ask(s3 + '/media/another', { method: 'PUT' })]`,
    expected: ['200 scripted', '200 scripted'],
    preflights: 2,
  },
  {
    name: 'a remembered preflight holds for its own fields alone',
    on: 'scripted',
    script: `return [${put('media')}, ${put('media', `method: 'PUT', headers: { 'x-amz-acl': 'private' }`)}]`,
    expected: ['200 scripted', '200 scripted'],
    preflights: 2,
  },
  {
    name: 'with MaxAgeSeconds: 0 every request is asked about',
    on: 'scripted',
    script: `const get = () => ask(s3 + '/reading/asked', { headers: { 'x-amz-date': 'x' } }); return [await get(), await get()]`,
    expected: ['200 scripted', '200 scripted'],
    preflights: 2,
  },
  {
    name: 'a refusal is not remembered',
    on: 'scripted',
    script: `return [${put('others')}, ${put('others')}]`,
    expected: ['blocked', 'blocked'],
    preflights: 2,
  },
]
