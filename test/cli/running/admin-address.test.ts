import t from 'tap'
import { configuredAdminUrl } from '../../../src/cli/running/admin-address.ts'

t.test('where neither says it in a way that serve would take, it is the default', async t => {
  const folder = t.testdir({ 'none.yaml': 'buckets: {}\n', 'wrong.yaml': 'admin: [1]\n', 'port.yaml': 'admin: 9464\n' })
  for (const name of ['none.yaml', 'wrong.yaml', 'port.yaml', 'missing.yaml'])
    t.equal(configuredAdminUrl(`${folder}/${name}`, {}), undefined, name)
  t.equal(configuredAdminUrl(undefined, {}), undefined)
  t.equal(configuredAdminUrl(undefined, { S3CORS_ADMIN: '[::]:9000' }), 'http://[::1]:9000')
  t.equal(configuredAdminUrl(undefined, { S3CORS_ADMIN: '10.0.0.7:9000' }), 'http://10.0.0.7:9000')
})
