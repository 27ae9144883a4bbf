import type { MatrixCase } from './matrix-case.ts'

const withCookie = `document.cookie = 'session=1; domain=my-app.xyz; secure'; `

/** Simple requests, credentials, origins that are `null`, and what of a response a page can read. */
export const readingCases: readonly MatrixCase[] = [
  {
    name: 'a simple GET is readable where a rule lists the origin',
    on: 'MinIO',
    script: `return ask(s3 + '/media/shown/text.txt')`,
    expected: '200 text',
    preflights: 0,
  },
  {
    name: 'a HEAD is readable where a rule lists the method',
    on: 'MinIO',
    script: `return ask(s3 + '/media/shown/text.txt', { method: 'HEAD' })`,
    expected: '200',
    preflights: 0,
  },
  {
    name: 'a HEAD is not readable where the rule lists GET alone',
    on: 'MinIO',
    script: `return ask(s3 + '/reading/shown/text.txt', { method: 'HEAD' })`,
    expected: 'blocked',
    preflights: 0,
  },
  {
    name: 'a simple GET is not readable where the rules list another origin, whatever MinIO reflects',
    on: 'MinIO',
    script: `return ask(s3 + '/others/shown/text.txt')`,
    expected: 'blocked',
    preflights: 0,
  },
  {
    name: 'nor is it in a bucket without rules',
    on: 'MinIO',
    script: `return ask(s3 + '/unknown/shown/text.txt')`,
    expected: 'blocked',
    preflights: 0,
  },
  {
    name: 'without mode cors a response stays opaque',
    on: 'MinIO',
    script: `const { type, status } = await fetch(s3 + '/others/shown/text.txt', { mode: 'no-cors' }); return type + ' ' + status`,
    expected: 'opaque 0',
  },
  {
    name: 'credentials are sent and allowed where the rule lists the origin',
    on: 'scripted',
    script: `${withCookie} return ask(s3 + '/media/with-cookie', { credentials: 'include' })`,
    expected: '200 scripted',
    preflights: 0,
    after: async (t, { upstream }) => {
      const request = upstream.requests.findLast(({ target }) => target.includes('with-cookie'))
      t.match(request?.head, /^cookie: session=1\r$/im, 'the cookie reaches the endpoint')
    },
  },
  {
    name: 'credentials are allowed after a preflight',
    on: 'scripted',
    script: `${withCookie} return ask(s3 + '/media/cookie-put', { method: 'PUT', body: 'x', credentials: 'include' })`,
    expected: '200 scripted',
    preflights: 1,
  },
  {
    name: 'without credentials no cookie is sent',
    on: 'scripted',
    script: `${withCookie} return ask(s3 + '/media/without-cookie', { credentials: 'omit' })`,
    expected: '200 scripted',
    preflights: 0,
    after: async (t, { upstream }) => {
      const request = upstream.requests.findLast(({ target }) => target.includes('without-cookie'))
      t.notMatch(request?.head, /^cookie:/im)
    },
  },
  {
    name: 'a rule for every origin allows no credentials',
    on: 'MinIO',
    script: `return [await ask(s3 + '/everyone/shown/text.txt'), await ask(s3 + '/everyone/shown/text.txt', { credentials: 'include' })]`,
    expected: ['200 text', 'blocked'],
    preflights: 0,
  },
  {
    name: 'a sandboxed frame has the origin null, which a rule can list',
    on: 'MinIO',
    script: `return askInFrame(s3 + '/nulls/shown/text.txt')`,
    expected: 'null: 200 text',
  },
  {
    name: 'a sandboxed frame can ask before, too',
    on: 'scripted',
    script: `return askInFrame(s3 + '/nulls/put', { method: 'PUT' })`,
    expected: 'null: 200 scripted',
    preflights: 1,
  },
  {
    name: 'a rule for every origin holds for null',
    on: 'MinIO',
    script: `return askInFrame(s3 + '/everyone/shown/text.txt')`,
    expected: 'null: 200 text',
  },
  {
    name: "a sandboxed frame is not its page's origin",
    on: 'MinIO',
    script: `return askInFrame(s3 + '/media/shown/text.txt')`,
    expected: 'null: blocked',
  },
  {
    name: 'a redirect from another origin makes the origin null, which the rule of the page does not list',
    on: 'MinIO',
    script: `return ask('https://hop.example/?to=' + s3 + '/media/shown/text.txt')`,
    expected: 'blocked',
  },
  {
    name: 'a redirect from another origin makes the origin null, which another rule lists',
    on: 'MinIO',
    script: `return ask('https://hop.example/?to=' + s3 + '/nulls/shown/text.txt')`,
    expected: '200 text',
  },
  {
    name: 'fields that a rule exposes are readable',
    on: 'MinIO',
    script: `return Promise.all(['etag', 'x-amz-meta-case'].map(name => field(s3 + '/media/shown/text.txt', name)))`,
    expected: ['"1cb251ec0d568de6a929b520c4aed8d1"', 'kept'],
  },
  {
    name: 'fields that no rule exposes are hidden, those of the safelist are not',
    on: 'MinIO',
    script: `return Promise.all(['etag', 'x-amz-meta-case', 'x-amz-request-id', 'content-type', 'content-length'].map(name =>
      field(s3 + '/everyone/shown/text.txt', name)))`,
    expected: [null, null, null, 'text/plain', '4'],
  },
  {
    name: 'the body of a 403 is readable',
    on: 'MinIO',
    script: `const said = await ask(s3 + '/media/hidden.txt'); return said.slice(0, 4) + /<Code>(.*?)<.Code>/.exec(said)[1]`,
    expected: '403 AccessDenied',
  },
  {
    name: 'the body of a 404 is readable',
    on: 'MinIO',
    script: `const said = await ask(s3 + '/media/shown/nothing'); return said.slice(0, 4) + /<Code>(.*?)<.Code>/.exec(said)[1]`,
    expected: '404 NoSuchKey',
  },
  {
    name: 'an error of a bucket whose rules list another origin is not',
    on: 'MinIO',
    script: `return ask(s3 + '/others/shown/nothing')`,
    expected: 'blocked',
  },
]
