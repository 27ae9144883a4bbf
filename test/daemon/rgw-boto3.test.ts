import t from 'tap'
import { boto3Matrix } from '../servers/client-matrix.ts'
import { skipWithout } from '../servers/installed.ts'
import { findRgw, howToGetRgw, startRgw } from '../servers/rgw.ts'
import { testEndpoint } from './endpoint-suite.ts'

t.setTimeout(600_000)

testEndpoint(t, {
  name: 'Ceph RGW',
  skip: skipWithout('Ceph RGW', findRgw() !== undefined, howToGetRgw),
  start: startRgw,
  // It wants a Content-Length with aws-chunked.
  matrix: boto3Matrix({ trailers: false }),
  refuses: {},
})
