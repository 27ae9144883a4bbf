import t from 'tap'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio, startMinio } from '../servers/minio.ts'
import { testEndpoint } from './endpoint-suite.ts'

t.setTimeout(900_000)

testEndpoint(t, {
  name: 'MinIO',
  skip: skipWithout('MinIO', findMinio() !== undefined, howToGetMinio),
  start: startMinio,
  refuses: { 'AWS SDK v3': ['put under a key with an empty segment'] },
  // As it comes: every Origin is reflected, with credentials.
  openToAnyOrigin: async () => {},
})
