import t from 'tap'
import { createStoreGuard, isReplicated, isUnpacked } from '../../../../src/policies/managed/store/store-guard.ts'
import { SeededRandom } from '../../../fixtures/seeded-random.ts'

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
  // MinIO takes these for the bucket's own, under any path: the keys are in the body.
  { method: 'POST', target: '/private/any?delete', refused: true },
  { method: 'POST', target: '/private/any?delete=', refused: true },
  { method: 'POST', target: '/private/any?%64elete', refused: true },
  { method: 'POST', target: '/private/any', refused: true },
  { method: 'POST', target: '/any?delete', style: 'virtual', refused: true },
  { method: 'POST', target: '/private/any?uploads&delete', refused: true },
  { method: 'POST', target: '/private/any?delete&uploads', refused: true },
  { method: 'POST', target: '/private/any?uploads;delete', refused: true },
  { method: 'POST', target: '/private/any?uploads&uploads', refused: true },
  { method: 'POST', target: '/private/any?uploads&uploadId=1', refused: true },
  { method: 'POST', target: '/private/any?%75ploads', refused: true },
  { method: 'POST', target: '/private/any?uploads=1', refused: true },
  { method: 'POST', target: '/private/any?uploadId', refused: true },
  { method: 'POST', target: '/private/any?uploadId=', refused: true },
  { method: 'POST', target: '/private/any?select&select-type=2', refused: true },
  { method: 'POST', target: '/private/any?restore', refused: true },
  { method: 'POST', target: '/private/any?uploads&X-Amz-Copy-Source=x', refused: true },
  { method: 'POST', target: '/private/any?uploads', refused: false },
  { method: 'POST', target: '/private/any?uploads=&x-id=CreateMultipartUpload', refused: false },
  { method: 'POST', target: '/private/any?uploadId=abc', refused: false },
  { method: 'POST', target: '/private/any?X-Amz-Signature=0&uploadId=abc', refused: false },
  { method: 'POST', target: '/any?uploads', style: 'virtual', refused: false },
  { method: 'POST', target: '/private/cors/media.json?uploads', refused: true },
  { method: 'POST', target: '/private?uploads', refused: true },
  { method: 'POST', target: '/private/?uploadId=abc', refused: true },
  // What changes the bucket itself.
  { method: 'PUT', target: '/private', refused: true },
  { method: 'PUT', target: '/private/', refused: true },
  { method: 'DELETE', target: '/private', refused: true },
  { method: 'DELETE', target: '/private//', refused: true },
  { method: 'DELETE', target: '/private/./', refused: true },
  { method: 'DELETE', target: '/private/%2F', refused: true },
  { method: 'DELETE', target: '/', style: 'virtual', refused: true },
  { method: 'PUT', target: '/?policy', style: 'virtual', refused: true },
  ...[
    ...[
      'accelerate',
      'acl',
      'analytics',
      'cors',
      'encryption',
      'intelligent-tiering',
      'inventory',
      'lifecycle',
      'logging',
    ],
    ...['metrics', 'notification', 'object-lock', 'ownershipControls', 'policy', 'publicAccessBlock', 'replication'],
    ...['requestPayment', 'tagging', 'versioning', 'website'],
  ].flatMap(name => [
    { method: 'PUT', target: `/private?${name}`, refused: true },
    { method: 'DELETE', target: `/private/?${name}=`, refused: true },
    { method: 'GET', target: `/private?${name}`, refused: false },
  ]),
  { method: 'PUT', target: '/private/key?policy', refused: true },
  { method: 'DELETE', target: '/private/key?lifecycle', refused: true },
  { method: 'PUT', target: '/private/key?renameObject', refused: true },
  { method: 'PUT', target: '/private/key?acl', refused: false },
  { method: 'PUT', target: '/private/key?partNumber=1&uploadId=abc', refused: false },
  { method: 'DELETE', target: '/private/key?versionId=1', refused: false },
  { method: 'PUT', target: '/private/key?X-Amz-Signature=0&X-Amz-Date=1', refused: false },
  { method: 'PUT', target: '/private/key', refused: false },
  { method: 'GET', target: '/private/key?policy', refused: false },
  // Reads of the bucket, exactly spelled.
  { method: 'GET', target: '/private', refused: false },
  { method: 'HEAD', target: '/private/', refused: false },
  { method: 'GET', target: '/private?versions&prefix=cors/', refused: false },
  { method: 'GET', target: '/private?location&X-Amz-Signature=0', refused: false },
  { method: 'GET', target: '/private?events=s3:ObjectCreated:*', refused: true },
  { method: 'GET', target: '/private?%6Cocation', refused: true },
  { method: 'GET', target: '/private?list-type=2;versions', refused: true },
  { method: 'OPTIONS', target: '/private?anything', refused: false },
  // Other spellings of the bucket and of keys.
  { method: 'GET', target: '/PRIVATE/cors/media.json', bucket: 'PRIVATE', refused: true },
  { method: 'GET', target: '/private/CORS/media.json', refused: true },
  { method: 'GET', target: '/private/cors%5Cmedia.json', refused: true },
  { method: 'GET', target: '/private/cors%00/media.json', refused: true },
  { method: 'GET', target: '/private/c%C0%AFors', refused: true },
  // Java's servers cut parameters off, Windows what follows a colon and blanks and dots at the end.
  { method: 'GET', target: '/private/cors;x/media.json', refused: true },
  { method: 'PUT', target: '/private/cors%3Bx/media.json', refused: true },
  { method: 'GET', target: '/private/;x/cors/media.json', refused: true },
  { method: 'GET', target: '/private/a/..;/cors/media.json', refused: true },
  { method: 'GET', target: '/private/cors/media.json;%2f..%2f..', refused: true },
  { method: 'GET', target: '/private/cors::$INDEX_ALLOCATION/media.json', refused: true },
  { method: 'GET', target: '/private/cors./media.json', refused: true },
  { method: 'GET', target: '/private/cors%20/media.json', refused: true },
  { method: 'PUT', target: '/private/c%0Aors/media.json', refused: true },
  { method: 'PUT', target: '/private/%EF%BD%83ors/media.json', refused: true },
  { method: 'PUT', target: '/private/cor%C5%BF/media.json', refused: true },
  { method: 'PUT', target: '/private/co%C2%ADrs/media.json', refused: true },
  { method: 'DELETE', target: '/private/;', refused: true },
  { method: 'DELETE', target: '/private/%20', refused: true },
  { method: 'PUT', target: '/private/corsica;x/media.json', refused: false },
  { method: 'PUT', target: '/private/a%20b.json', refused: false },
  { method: 'DELETE', target: '/private/a', prefix: 'a/b/', refused: true },
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

/** Every key that some endpoint might read: decoded so often or not at all, cleaned or not, with or without letter case. */
function readings(encoded: string): readonly string[] {
  const decoded = [encoded]
  for (let round = 0; round < 3; round++) decoded.push(decodeLeniently(decoded.at(-1) ?? ''))
  const cleaned = decoded.flatMap(key => [key, key.replaceAll('\\', '/')]).flatMap(key => [key, cleanPath(key)])
  return cleaned.flatMap(key => [key, key.toLowerCase()])
}

function decodeLeniently(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

function cleanPath(key: string): string {
  const path: string[] = []
  for (const segment of key.split('/')) {
    if (segment === '..') path.pop()
    else if (segment !== '' && segment !== '.') path.push(segment)
  }
  return path.join('/')
}

t.test('no spelling under which an endpoint might find the prefix gets past the guard', async t => {
  const random = new SeededRandom(14)
  const guard = createStoreGuard('private', 'cors/')
  const pieces = [
    'cors',
    'cors',
    'CORS',
    'media.json',
    'x',
    '..',
    '.',
    '',
    '%2e',
    '%2E%2e',
    'c%6Frs',
    '%63%6f%72%73',
    'a%20b',
  ]
  const slashes = ['/', '/', '//', '%2F', '%2f', '%252F', '\\', '%5C', '/./', '/x/../']
  let refused = 0
  let reaching = 0
  for (let i = 0; i < 20_000; i++) {
    let key = random.pick(pieces)
    for (let n = random.below(4); n > 0; n--) key += random.pick(slashes) + random.pick(pieces)
    if (random.next() < 0.2) key = key.replaceAll('%', '%25')
    const style = random.pick(['path', 'virtual'] as const)
    const target = style === 'path' ? `/private/${key}` : `/${key}`
    const method = random.pick(['GET', 'HEAD', 'PUT', 'DELETE', 'POST'])
    const isRefused = guard('private', style, method, target)
    if (isRefused) refused++
    const found = readings(key).filter(reading => reading.startsWith('cors/'))
    if (found.length === 0) continue
    reaching++
    if (!isRefused) t.fail(`${method} ${target} may be read as ${found[0]}`)
  }
  t.ok(reaching > 5000, `${reaching} targets that may reach it`)
  t.ok(refused < 20_000, `${20_000 - refused} let through`)
})

t.test('ordinary keys are let through', async t => {
  const guard = createStoreGuard('private', 'cors/')
  const random = new SeededRandom(15)
  for (let i = 0; i < 2000; i++) {
    const bytes = Array.from({ length: 1 + random.below(20) }, () => random.below(0x250) + 0x21)
    const key = `o${String.fromCharCode(...bytes)}`.replaceAll(/[/\\%.]/g, '-')
    for (const method of ['GET', 'PUT', 'DELETE'])
      t.equal(guard('private', 'path', method, `/private/${encodeURIComponent(key)}`), false, key)
  }
})

t.test('what is longer than any key, or has more parameters than any operation, is refused unread', async t => {
  const guard = createStoreGuard('private', 'cors/')
  t.equal(guard('private', 'path', 'GET', `/private/o${'%41'.repeat(1024)}`), false)
  t.equal(guard('private', 'path', 'GET', `/private/o${'%41'.repeat(1366)}`), true)
  t.equal(guard('private', 'path', 'GET', `/private?${'acl&'.repeat(127)}acl`), false)
  t.equal(guard('private', 'path', 'GET', `/private?${'acl&'.repeat(128)}acl`), true)
  t.equal(guard('private', 'path', 'POST', `/private/o?uploads${'&x-id'.repeat(128)}`), true)
})

t.test('an archive that is unpacked in the bucket is told by its field or parameter', async t => {
  const field = 'X-Amz-Meta-Snowball-Auto-Extract: true\r\n'
  t.equal(isUnpacked('PUT', '/private/any.tar', `Accept: */*\r\n${field}`), true)
  t.equal(isUnpacked('PUT', '/private/any.tar', field.toLowerCase()), true)
  t.equal(isUnpacked('PUT', '/private/any.tar', field.replaceAll('-', '_')), true)
  t.equal(isUnpacked('PUT', '/private/any.tar?x-amz-meta-snowball-auto%2Dextract=true', ''), true)
  t.equal(isUnpacked('GET', '/private/any.tar', field), false)
  t.equal(isUnpacked('PUT', '/private/any.tar', 'X-Amz-Meta-Name: any.tar\r\n'), false)
})

t.test('the name of a parameter tells of an archive however it is encoded', async t => {
  for (const query of [
    'X-Amz-Meta-Snowball-Auto-Extract=true',
    'x-amz-meta-snowball-auto-extract',
    'x-amz-meta-snowball-%61uto-Extract=true',
    'x-amz-meta-snowball-%2561uto%2dextract=true',
    'x%5Famz%5Fmeta%5Fsnowball%5Fauto%5Fextract=true',
    'partNumber=1;x-minio-auto_extract=1',
    'a&'.repeat(128),
  ])
    t.equal(isUnpacked('PUT', `/private/any.tar?${query}`, ''), true, query.slice(0, 60))
})

t.test('keys and values that hold the same words are those of ordinary uploads', async t => {
  for (const target of [
    '/private/docs/auto-extract.pdf',
    '/private/auto_extract/a?partNumber=1&uploadId=auto-extract',
    '/private/any.tar?x-id=%61uto-extract',
  ])
    t.equal(isUnpacked('PUT', target, 'Accept: */*\r\n'), false, target)
  for (const field of [
    'x-amz-meta-title: auto-extract',
    'Referer: https://a.example/auto-extract:1',
    'X-Amz-Meta-Snowball: Auto-Extract: true',
  ])
    t.equal(isUnpacked('PUT', '/private/any.tar', `Accept: */*\r\n${field}\r\nExpect: 100-continue\r\n`), false, field)
})

t.test('a replication, whose document may name the bucket of the store, is told however it is spelled', async t => {
  for (const target of [
    '/media?replication',
    '/media/?replication=',
    '/?replication&x-id=PutBucketReplication',
    '/media/any?replication',
    '/media?Replication',
    '/media?%72eplication',
    '/media?%2572eplication',
    '/media?x;replication',
    '/media?x?replication',
    '/media?replication%20',
    `/media?${'a&'.repeat(128)}`,
  ]) {
    t.equal(isReplicated('PUT', target), true, target.slice(0, 60))
    t.equal(isReplicated('POST', target), true, target.slice(0, 60))
    for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) t.equal(isReplicated(method, target), false, method)
  }
  for (const target of [
    '/media',
    '/replication/k',
    '/media/replication?x-id=replication',
    '/media?replications',
    '/media?inventory&id=replication',
  ])
    t.equal(isReplicated('PUT', target), false, target)
})
