// The rows of what the proxy must survive. Each stands in the name of the tests that show it.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const sections: Readonly<Record<string, { readonly title: string; readonly rows: string }>> = {
  A: { title: 'request framing and smuggling', rows: '002-007 009-010 012-016 018 020-023' },
  B: { title: 'Host, request-target and bucket identity', rows: '024-026 028-037 039 041 043-045' },
  C: { title: 'header fields, hop-by-hop, limits', rows: '046-050 052-059' },
  D: { title: 'upgrades, CONNECT, Expect, 1xx, trailers, HTTP/1.0', rows: '060-067 070-072' },
  E: { title: 'faults of the endpoint’s responses', rows: '073-074 076-082 084-085 087-089' },
  F: { title: 'streams, aborts, timeouts, pool, retries, memory', rows: '090-092 094-108 110' },
  G: { title: 'S3 passes unchanged', rows: '111-112 115-118 120-121 123-125' },
  H: { title: 'CORS decisions and fields', rows: '126-135 138-172' },
  K: { title: 'GetBucketCors and its faults', rows: '173-194' },
  L: { title: 'configuration and reloads', rows: '195-214' },
  M: { title: 'metrics, logs, admin port', rows: '215 217-220 222-224 226' },
  N: { title: 'lifecycle and platform', rows: '228 232-234' },
}

/** Rows that no single test can name. */
const elsewhere: Readonly<Record<string, string>> = {
  G125: 'the suite of Ceph’s s3-tests, against MinIO and through the proxy: the same tests pass and fail',
  N233: 'npm run versions: the socket part of the suite on the other versions of Node',
}

function idsOf(section: string, rows: string): readonly string[] {
  return rows.split(' ').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => `${section}${String(first + index).padStart(3, '0')}`)
  })
}

/** The files whose tests name each row; what comments say of a row does not count. */
function carriers(): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>()
  for (const file of globSync('**/*.ts', { cwd: import.meta.dirname })) {
    if (file === 'reliability-rows.test.ts') continue
    const text = readFileSync(join(import.meta.dirname, file), 'utf8').replaceAll(/^ *(\/\/|\/?\*).*$/gm, '')
    for (const id of new Set(text.match(/\b[A-N]\d{3}\b/g))) files.set(id, [...(files.get(id) ?? []), file])
  }
  return files
}

t.test('each row is shown by a test that names it, and no test names a row that is none', async t => {
  const files = carriers()
  const known = new Set<string>()
  for (const [section, { title, rows }] of Object.entries(sections)) {
    const ids = idsOf(section, rows)
    for (const id of ids) {
      known.add(id)
      t.equal(
        files.has(id),
        elsewhere[id] === undefined,
        `${id}: ${files.get(id)?.join(', ') ?? elsewhere[id] ?? 'no test'}`,
      )
    }
    const shown = ids.filter(id => files.has(id)).length
    const by = new Set(ids.flatMap(id => files.get(id) ?? [])).size
    t.comment(`${section}, ${title}: ${shown} of ${ids.length} rows in ${by} files`)
  }
  t.strictSame(
    [...files.keys()].filter(id => !known.has(id)),
    [],
  )
})
