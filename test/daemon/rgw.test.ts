import { PutBucketCorsCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { skipWithout } from '../servers/installed.ts'
import { findRgw, howToGetRgw, startRgw } from '../servers/rgw.ts'
import { createClient } from './cors-requests.ts'
import { testEndpoint } from './endpoint-suite.ts'

t.setTimeout(900_000)

testEndpoint(t, {
  name: 'Ceph RGW',
  skip: skipWithout('Ceph RGW', findRgw() !== undefined, howToGetRgw),
  start: startRgw,
  // It wants a Content-Length with aws-chunked.
  refuses: { 'AWS SDK v3': ['put of a stream, default checksums'] },
  async openToAnyOrigin(server, Bucket) {
    const client = createClient(server, server.endpoint, 'path')
    const CORSRules = [{ AllowedOrigins: ['*'], AllowedMethods: ['GET', 'PUT'], AllowedHeaders: ['*'] }]
    await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
    client.destroy()
  },
})
