import t from 'tap'
import { doorOf, doorOverHost, isDoor } from '../../../src/s3/address/endpoint-doors.ts'

t.test('bucket names under which servers have something else', async t => {
  for (const name of [
    'swift',
    'auth',
    'admin',
    'info',
    'minio',
    'rustfs',
    'moto-api',
    'healthz',
    'crossdomain.xml',
    'v1.0',
    'endpoints',
    'healthcheck',
    'health',
    'status',
    'actuator',
  ])
    t.equal(isDoor(name), true, name)
  for (const name of ['swiftly', 'my-media', 'administrator', 'constructor']) t.equal(isDoor(name), false, name)
})

t.test('other first segments that lead past the bucket', async t => {
  for (const [segment, door] of [
    ['v1', 'v1'],
    ['V1.0', 'v1.0'],
    ['SWIFT', 'swift'],
    ['_localstack', '_localstack'],
    ['_', '_'],
    [':secret', 'TENANT:BUCKET'],
    ['a:b', 'TENANT:BUCKET'],
    ['secret;x', 'BUCKET;PARAMETER'],
    ['My_Bucket', undefined],
    ['ab', undefined],
    ['__proto__', undefined],
  ] as const)
    t.equal(doorOf(segment), door, segment)
})

t.test('paths that a server looks at before the Host', async t => {
  for (const [target, door] of [
    ['/minio/health/live', 'minio'],
    ['/Minio', 'minio'],
    ['/%6Dinio?x', 'minio'],
    ['/rustfs/x', 'rustfs'],
    ['/_aws/x', '_aws'],
    ['/actuator', 'actuator'],
    ['/%5F/x', '_'],
    ['/swift/v1/x', undefined],
    ['/media/minio', undefined],
    ['/minios', undefined],
    ['/%zz/x', undefined],
    ['/', undefined],
    ['/key', undefined],
  ] as const)
    t.equal(doorOverHost(target), door, target)
})
