import type { MatrixCase } from './matrix-case.ts'
import { fieldOf } from './scripted-answers.ts'

const pictureThenFetch = `const { event } = await load('img', { src: s3 + '/media/cached.png' }, 'load');
  const read = async init => { try { return (await fetch(own(s3 + '/media/cached.png'), init)).status } catch (error) { return 'blocked' } };
  return [event, await read({ credentials: 'include' })]`

/** Browser caches: 304, and the answer to another page. */
export const cachingCases: readonly MatrixCase[] = [
  {
    name: 'what the endpoint says is unchanged is read from the cache',
    on: 'scripted',
    script: `const url = s3 + '/media/revalidated'; return [await ask(url), await ask(url), await field(url, 'etag')]`,
    expected: ['200 first', '200 first', '"1"'],
    preflights: 0,
    after: async (t, { upstream }) => {
      const asked = upstream.requests.filter(({ target }) => target.startsWith('/media/revalidated')).slice(-3)
      t.strictSame(
        asked.map(request => fieldOf(request, 'if-none-match')),
        [undefined, '"1"', '"1"'],
        'it was asked whether it is unchanged',
      )
    },
  },
  {
    name: 'a page that asks itself whether it is unchanged sees the 304',
    on: 'scripted',
    script: `return ask(s3 + '/media/revalidated', { headers: { 'If-None-Match': '"1"' }, cache: 'no-store' })`,
    expected: '304',
    preflights: 1,
  },
  {
    name: 'a script with crossorigin is loaded again after a 304',
    on: 'scripted',
    script: `const again = async () => (await load('script', { crossOrigin: 'anonymous', src: s3 + '/media/revalidated' }, 'load')).event;
      return [await again(), await again()]`,
    expected: ['load', 'load'],
  },
  {
    name: 'unchanged or not, it is blocked where no rule lists the origin',
    on: 'scripted',
    script: `const url = s3 + '/others/revalidated'; return [await ask(url), await ask(url)]`,
    expected: ['blocked', 'blocked'],
  },
  {
    name: 'with vary: always a picture cached without Origin is fetched anew for a script',
    on: 'scripted',
    script: pictureThenFetch,
    expected: ['load', 200],
  },
  {
    name: 'with vary: matched, as S3, the script gets the picture cached without Origin, and is blocked',
    on: 'matched',
    script: pictureThenFetch,
    expected: ['load', 'blocked'],
  },
]
