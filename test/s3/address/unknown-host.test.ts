import t from 'tap'
import { adviseOnHost } from '../../../src/s3/address/unknown-host.ts'

const cases: { host: string; name: string; todo: string }[] = [
  {
    host: 's3.example.com',
    name: 's3.example.com',
    todo: 'add hosts: [s3.example.com], or virtualHosts if buckets stand before it',
  },
  {
    host: 'S3.Example.com.:8443',
    name: 's3.example.com',
    todo: 'add hosts: [s3.example.com], or virtualHosts if buckets stand before it',
  },
  {
    host: 'my-media.s3.example.com:8080',
    name: 'my-media.s3.example.com',
    todo: 'add virtualHosts: [s3.example.com]: the bucket my-media stands before it',
  },
  {
    host: 'www.my-site.com.s3.example.com',
    name: 'www.my-site.com.s3.example.com',
    todo: 'add virtualHosts: [s3.example.com]: the bucket www.my-site.com stands before it',
  },
  {
    host: 'other.s3.example.com',
    name: 'other.s3.example.com',
    todo: 'add hosts: [other.s3.example.com], or virtualHosts if buckets stand before it',
  },
]
const buckets = new Set(['my-media', 'www.my-site.com'])
for (const { host, name, todo } of cases) {
  t.test(`${host}: ${todo}`, async t => {
    const advice = adviseOnHost(host, bucket => buckets.has(bucket))
    t.strictSame([advice.name, advice.todo], [name, todo])
    t.ok(todo.includes(advice.yaml))
  })
}
