import t from 'tap'
import { createCopySourceGuard } from '../../../../src/policies/managed/store/copy-source-guard.ts'

const guard = createCopySourceGuard('private', 'cors/')
const encoded = '%2Fprivate%2Fcors%2Fmedia.json'

const sources: readonly { value: string; refused: boolean }[] = [
  { value: '/private/cors/media.json', refused: true },
  { value: 'private/cors/media.json', refused: true },
  { value: '  /private/cors/media.json  ', refused: true },
  { value: '//private//cors/media.json', refused: true },
  { value: encoded, refused: true },
  { value: encodeURIComponent(encoded), refused: true },
  { value: encodeURIComponent(encodeURIComponent(encoded)), refused: true },
  { value: '%70rivate/c%6frs/media.json', refused: true },
  { value: '/private/cors/media.json?versionId=null', refused: true },
  { value: '/private/cors/media.json%3FversionId=null', refused: true },
  { value: '/private/./cors/media.json', refused: true },
  { value: '/private/other/../cors/media.json', refused: true },
  { value: '/media/../private/cors/media.json', refused: true },
  { value: '/media/%2e%2e/private/cors/media.json', refused: true },
  { value: '/media?/../private/cors/media.json', refused: true },
  { value: '\\private\\cors\\media.json', refused: true },
  { value: '/PRIVATE/Cors/media.json', refused: true },
  { value: ':private/cors/media.json', refused: true },
  { value: 'tenant:private/cors/media.json', refused: true },
  { value: 'tenant%3Aprivate/cors/media.json', refused: true },
  { value: 'arn:aws:s3:us-east-1:123456789012:accesspoint/some/object/cors/media.json', refused: true },
  { value: '/arn%3Aaws%3As3:::private/cors/media.json', refused: true },
  { value: 'https://endpoint.example/private/cors/media.json', refused: true },
  { value: 's3://private/cors/media.json', refused: true },
  { value: '/private/other/..;/cors/media.json', refused: true },
  { value: 'private.cos.eu-frankfurt.myqcloud.com/cors/media.json', refused: true },
  { value: 'private.example/other.json', refused: false },
  { value: 'privateer.example/cors/media.json', refused: false },
  { value: '/private/cors/100%', refused: true },
  { value: '/private/cors', refused: true },
  { value: '%25252525252570rivate/x', refused: true },
  { value: '/private/other.json', refused: false },
  { value: '/private/corsica', refused: false },
  { value: '/media/cors/media.json', refused: false },
  { value: '/media/private/cors/media.json', refused: false },
  { value: '/media/100%', refused: false },
  { value: '/media/a/../b', refused: false },
  { value: '/privateer/cors/media.json', refused: false },
  { value: '', refused: false },
]
for (const { value, refused } of sources) {
  t.test(`a copy of '${value}' is ${refused ? 'refused' : 'let through'}`, async t => {
    for (const name of [
      'x-amz-copy-source',
      'X-Amz-Copy-Source',
      'x_amz_copy_source',
      'x-goog-copy-source',
      'X-Copy-From',
      'x-amz-rename-source',
    ])
      t.equal(guard('PUT', '/media/new', `Accept: */*\r\n${name}: ${value}\r\nExpect: 100-continue\r\n`), refused, name)
    t.equal(guard('PUT', '/media/new?uploadId=1&partNumber=1', `x-amz-copy-source: ${value}\r\n`), refused, 'a part')
    t.equal(guard('PUT', `/media/new?X-Amz-Copy-Source=${encodeURIComponent(value)}&x`, ''), refused, 'a parameter')
  })
}

const plain = 'x-amz-copy-source: /private/cors/media.json\r\n'

t.test('the second of two sources counts as well', async t => {
  t.equal(guard('PUT', '/media/new', `x-amz-copy-source: /media/a\r\n${plain}`), true)
})

t.test('only what may copy is looked at', async t => {
  t.equal(guard('POST', '/media/new', plain), true)
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) t.equal(guard(method, '/media/a', plain), false, method)
  for (const field of ['x-amz-copy-source-range: /private/cors/x', 'x-amz-meta-from: /private/cors/x', 'Accept: */*'])
    t.equal(guard('PUT', '/media/a', `${field}\r\n`), false, field)
  t.equal(guard('PUT', '/media/a', ''), false)
  t.equal(guard('PUT', '/media/a?x-amz-copy-source', ''), false)
})

t.test('Swift’s links to objects are sources, too', async t => {
  t.equal(guard('PUT', '/media/link', 'X-Symlink-Target: private/cors/media.json\r\n'), true)
})

t.test('what Swift joins to one object is a source by any part of its prefix', async t => {
  for (const name of ['X-Object-Manifest', 'x_object_manifest'])
    for (const value of [
      'private/cors/',
      'private/co',
      'private',
      '/private/',
      'a/../private',
      'p%72ivate/c',
      '%2570rivate/',
    ])
      t.equal(guard('PUT', '/media/joined', `${name}: ${value}\r\n`), true, `${name}: ${value}`)
  t.equal(guard('PUT', '/media/joined?X-Object-Manifest=private%2Fc', ''), true, 'a parameter')
  t.equal(guard('PUT', '/media/joined', 'X-Object-Manifest: media/parts/\r\n'), false)
})

t.test('what Swift joins is told by its bucket, not by a name that holds that of the store', async t => {
  for (const value of [
    'other/my-private-2024/',
    'other/private/',
    'other/private/cors/',
    'privateer/',
    'other/%70rivate/',
    'my-private/a',
    'other?private',
  ])
    t.equal(guard('PUT', '/media/joined', `X-Object-Manifest: ${value}\r\n`), false, value)
  for (const value of [
    'PRIVATE/other/',
    'private?x/cors',
    'tenant:private/x',
    '\\private\\x',
    './private/x',
    'other/../private/x',
    'https://a.example/private/x',
    'arn:aws:s3:::any',
    '  private /x',
    'private%2Fx',
    '%2525252570rivate/x',
  ])
    t.equal(guard('PUT', '/media/joined', `X-Object-Manifest: ${value}\r\n`), true, value)
})

t.test('without a prefix every object of the bucket is refused', async t => {
  const whole = createCopySourceGuard('private', '')
  t.equal(whole('PUT', '/media/new', 'x-amz-copy-source: private/any\r\n'), true)
  t.equal(whole('PUT', '/media/new', 'x-amz-copy-source: media/any\r\n'), false)
})

t.test('sources longer than any key, and more parameters than any operation has, are refused unread', async t => {
  const source = (path: string) => `x-amz-copy-source: ${path}\r\n`
  t.equal(guard('PUT', '/media/new', source(`/media/${'%25'.repeat(1024)}`)), false)
  t.equal(guard('PUT', '/media/new', source(`/media/${'%25'.repeat(21_000)}`)), true)
  t.equal(guard('PUT', '/media/new', source(`/media/${'../'.repeat(400)}`).repeat(4)), true)
  t.equal(guard('PUT', `/media/new?${'a=&'.repeat(127)}`, ''), false)
  t.equal(guard('PUT', `/media/new?${'a=&'.repeat(128)}`, ''), true)
})

t.test(
  'a bucket that Swift is to write a container, or former versions, into must not be that of the store',
  async t => {
    for (const name of ['X-Container-Sync-To', 'x_container_sync_to', 'X-Versions-Location', 'x-history-location'])
      for (const value of [
        'private',
        '/private',
        'PRIVATE',
        'priv%61te',
        '//realm/cluster/AUTH_a/private',
        'https://a/v1/AUTH_a/private',
      ])
        for (const method of ['PUT', 'POST'])
          t.equal(guard(method, '/v1/AUTH_a/media', `${name}: ${value}\r\n`), true, `${method} ${name}: ${value}`)
    for (const value of ['media', 'privateer', 'private.backup', '//realm/cluster/AUTH_private1/media'])
      t.equal(guard('POST', '/v1/AUTH_a/media', `X-Container-Sync-To: ${value}\r\n`), false, value)
  },
)
