import t from 'tap'
import { isForwardedField } from '../../../src/proxy/request/forwarded-field.ts'

const cases: readonly { tells: boolean; names: readonly string[] }[] = [
  {
    tells: true,
    names: [
      ...['forwarded', 'forwarded-for', 'x-forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
      ...['x-forwarded-port', 'x-forwarded-scheme', 'x-forwarded-prefix', 'x-forwarded-server', 'x-forwarded-by'],
      ...[
        'x-real-ip',
        'x-client-ip',
        'x-cluster-client-ip',
        'x-original-forwarded-for',
        'x-remote-addr',
        'x-remote-ip',
      ],
      ...['x-originating-ip', 'x-envoy-external-address', 'x-scheme', 'client-ip', 'true-client-ip', 'remote-addr'],
      ...['cf-connecting-ip', 'cf-connecting-ipv6', 'fastly-client-ip'],
    ],
  },
  {
    tells: false,
    names: [
      ...['', 'x', 'x-', 'x-amz-date', 'x-amz-meta-x-forwarded-for', 'x-real', 'x-real-ips', 'cache-control', 'from'],
      ...['range', 'te', 'referer', 'cookie', 'content-type', 'user-agent', 'via', 'forward', 'x_forwarded_for'],
    ],
  },
]
for (const { tells, names } of cases) {
  for (const name of names) {
    t.test(`${name} ${tells ? 'tells' : 'does not tell'} of whom a proxy was asked`, async t => {
      t.equal(isForwardedField(name), tells)
    })
  }
}
