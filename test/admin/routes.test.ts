import t from 'tap'
import { findRoutes, routes } from '../../src/admin/routes.ts'

const cases: { path: string; found: string[]; name?: string }[] = [
  { path: '/', found: ['GET /'] },
  { path: '/metrics', found: ['GET /metrics'] },
  { path: '/buckets', found: ['GET /buckets'] },
  { path: '/buckets/media/refresh', found: ['POST /buckets/NAME/refresh'], name: 'media' },
  { path: '/buckets/%2e%2e/refresh', found: ['POST /buckets/NAME/refresh'], name: '%2e%2e' },
  { path: '/buckets/media/suggestion', found: ['GET /buckets/NAME/suggestion'], name: 'media' },
  { path: '/buckets//refresh', found: [] },
  { path: '/buckets/a/b/refresh', found: [] },
  { path: '/buckets/', found: [] },
  { path: '/Metrics', found: [] },
  { path: '/metrics/', found: [] },
  { path: '//metrics', found: [] },
  { path: '/./metrics', found: [] },
  { path: '/debug/pprof', found: [] },
  { path: '/NAME', found: [] },
]
for (const { path, found, name } of cases) {
  t.test(`${path} is ${found[0] ?? 'nothing'}`, async t => {
    const matches = findRoutes(path)
    t.strictSame(
      matches.map(({ route }) => `${route.method} ${route.path}`),
      found,
    )
    if (name !== undefined) t.equal(matches[0]?.name, name)
  })
}

t.test('only health, metrics and the style and script of the page are for all callers', async t => {
  t.strictSame(
    routes.filter(({ who }) => who === 'all').map(({ path }) => path),
    ['/livez', '/readyz', '/metrics', '/page.css', '/page.js'],
  )
})

t.test('only a reload and a refresh change anything', async t => {
  t.strictSame(
    routes.filter(({ method }) => method === 'POST').map(({ path }) => path),
    ['/reload', '/buckets/NAME/refresh'],
  )
})
