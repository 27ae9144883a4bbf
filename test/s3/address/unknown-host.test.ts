import t from 'tap'
import { adviseOnHost, type ConfiguredHosts } from '../../../src/s3/address/unknown-host.ts'

const none: ConfiguredHosts = { hosts: [], virtualHosts: [] }
const one: ConfiguredHosts = { hosts: ['files.example'], virtualHosts: [] }
const both: ConfiguredHosts = { hosts: ['files.example', 'f.example'], virtualHosts: ['v.example'] }
const bases: ConfiguredHosts = { hosts: [], virtualHosts: ['v.example'] }

const cases: {
  host: string
  configured: ConfiguredHosts
  name: string
  bucket?: string
  todo: string
  yaml: string
  where: string
  how: string
}[] = [
  {
    host: 's3.example.com',
    configured: none,
    name: 's3.example.com',
    todo: 'add hosts: [s3.example.com], or virtualHosts if buckets stand before the name',
    yaml: 'hosts: [s3.example.com]',
    where: 'at the top of the configuration, or virtualHosts if buckets stand before the name',
    how: 'add the line',
  },
  {
    host: 'S3.Example.com.:8443',
    configured: one,
    name: 's3.example.com',
    todo: 'add s3.example.com to hosts (keep the name that is there), or virtualHosts if buckets stand before the name',
    yaml: 'hosts:\n  - s3.example.com',
    where: 'in hosts, or virtualHosts if buckets stand before the name',
    how: 'add the name, and keep the name that is there',
  },
  {
    host: 'other.s3.example.com',
    configured: both,
    name: 'other.s3.example.com',
    todo: 'add other.s3.example.com to hosts (keep the names that are there), or to virtualHosts if buckets stand before the name',
    yaml: 'hosts:\n  - other.s3.example.com',
    where: 'in hosts, or to virtualHosts if buckets stand before the name',
    how: 'add the name, and keep the names that are there',
  },
  {
    host: 's3.example.com',
    configured: bases,
    name: 's3.example.com',
    todo: 'add hosts: [s3.example.com], or to virtualHosts if buckets stand before the name',
    yaml: 'hosts: [s3.example.com]',
    where: 'at the top of the configuration, or to virtualHosts if buckets stand before the name',
    how: 'add the line',
  },
  {
    host: 'my-media.s3.example.com:8080',
    configured: one,
    name: 'my-media.s3.example.com',
    bucket: 'my-media',
    todo: 'add virtualHosts: [s3.example.com]: the bucket my-media stands before it',
    yaml: 'virtualHosts: [s3.example.com]',
    where: 'at the top of the configuration',
    how: 'add the line',
  },
  {
    host: 'www.my-site.com.s3.example.com',
    configured: bases,
    name: 'www.my-site.com.s3.example.com',
    bucket: 'www.my-site.com',
    todo: 'add s3.example.com to virtualHosts (keep the name that is there): the bucket www.my-site.com stands before it',
    yaml: 'virtualHosts:\n  - s3.example.com',
    where: 'in virtualHosts',
    how: 'add the name, and keep the name that is there',
  },
  {
    host: 'my-media.s3.example.com',
    configured: { hosts: ['eu.s3.example.com'], virtualHosts: [] },
    name: 'my-media.s3.example.com',
    todo: 'add my-media.s3.example.com to hosts (keep the name that is there), or virtualHosts if buckets stand before the name',
    yaml: 'hosts:\n  - my-media.s3.example.com',
    where: 'in hosts, or virtualHosts if buckets stand before the name',
    how: 'add the name, and keep the name that is there',
  },
]
const buckets = new Set(['my-media', 'www.my-site.com'])
for (const { host, configured, yaml, where, how, ...told } of cases) {
  const expected = { ...told, addition: { yaml, where, how } }
  t.test(`${host} beside ${JSON.stringify(configured)}: ${expected.todo}`, async t => {
    t.strictSame(
      adviseOnHost(host, configured, bucket => buckets.has(bucket)),
      expected,
    )
  })
}

t.test('a name that is none of a host is advised nowhere, as the configuration takes none such', async t => {
  for (const name of ['-a.example.com', 'a.example.com-', 'a..example.com', "a!b'c", 'a%20b.example', '.example.com']) {
    t.strictSame(
      adviseOnHost(name, one, () => true),
      { name, addition: undefined, todo: 'nothing: a client made this name up, which is none of a host' },
    )
  }
})
