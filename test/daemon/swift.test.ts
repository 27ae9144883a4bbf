import t from 'tap'
import { skipWithout } from '../servers/installed.ts'
import { findSwift, howToGetSwift, startSwift } from '../servers/swift.ts'
import { testEndpoint } from './endpoint-suite.ts'

t.setTimeout(900_000)

testEndpoint(t, {
  name: 'Swift',
  skip: skipWithout('OpenStack Swift', findSwift() !== undefined, howToGetSwift),
  start: startSwift,
  refuses: {
    // No aws-chunked trailers, no POST Object, and only Content-MD5 will do for DeleteObjects.
    'AWS SDK v3': ['put of a stream, default checksums', 'presigned POST form', 'delete of many'],
    'minio-js': ['presigned POST form'],
  },
})
