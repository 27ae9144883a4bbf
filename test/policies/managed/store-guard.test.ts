import t from 'tap'
import { createStoreGuard } from '../../../src/policies/managed/store-guard.ts'

const cases: readonly {
  method: string
  target: string
  style?: 'path' | 'virtual'
  bucket?: string
  prefix?: string
  refused: boolean
}[] = [
  { method: 'GET', target: '/private/cors/media.json', refused: true },
  { method: 'PUT', target: '/private/cors/media.json?x', refused: true },
  { method: 'DELETE', target: '/cors/media.json', style: 'virtual', refused: true },
  { method: 'PUT', target: '/private/c%6Frs/media.json', refused: true },
  { method: 'PUT', target: '/private/c%256Frs/media.json', refused: true },
  { method: 'PUT', target: '/private/cors%2Fmedia.json', refused: true },
  { method: 'PUT', target: '/private//cors/media.json', refused: true },
  { method: 'PUT', target: '/private/./cors/media.json', refused: true },
  { method: 'PUT', target: '/private/other/../cors/media.json', refused: true },
  { method: 'PUT', target: '/private/%', refused: true },
  { method: 'DELETE', target: '/private/cors', refused: true },
  { method: 'POST', target: '/private?delete', refused: true },
  { method: 'POST', target: '/private', refused: true },
  { method: 'POST', target: '/', style: 'virtual', refused: true },
  { method: 'GET', target: '/private?list-type=2', refused: false },
  { method: 'GET', target: '/private/other.json', refused: false },
  { method: 'PUT', target: '/private/corsica', refused: false },
  { method: 'PUT', target: '/media/cors/media.json', bucket: 'media', refused: false },
  { method: 'PUT', target: '/private/media.json', prefix: '', refused: true },
  { method: 'DELETE', target: '/private', prefix: '', refused: true },
]
for (const { method, target, style, bucket, prefix, refused } of cases) {
  t.test(
    `${method} ${target} is ${refused ? 'refused' : 'let through'}${prefix === '' ? ' without a prefix' : ''}`,
    async t => {
      const guard = createStoreGuard('private', prefix ?? 'cors/')
      t.equal(guard(bucket ?? 'private', style ?? 'path', method, target), refused)
    },
  )
}
