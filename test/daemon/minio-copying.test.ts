import t from 'tap'
import { copyingMatrix } from '../servers/client-matrix.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { testEndpoint } from './endpoint-suite.ts'

t.setTimeout(600_000)

testEndpoint(t, {
  name: 'MinIO',
  skip: skipWithout('MinIO', findMinio() !== undefined, howToGetMinio),
  start: startMinio,
  matrix: copyingMatrix('path'),
  refuses: {},
})
