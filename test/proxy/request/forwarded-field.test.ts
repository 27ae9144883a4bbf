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
      // Azure, App Engine, Netlify, Vercel, Fly, Alibaba, CloudFront, Imperva, WebLogic.
      ...['x-azure-clientip', 'x-azure-socketip', 'x-appengine-user-ip', 'x-proxyuser-ip', 'x-nf-client-connection-ip'],
      ...['x-vercel-forwarded-for', 'fly-client-ip', 'ali-cdn-real-ip', 'cdn-src-ip', 'cloudfront-viewer-address'],
      ...['incap-client-ip', 'wl-proxy-client-ip', 'proxy-client-ip', 'http-client-ip', 'http-x-forwarded-for'],
      ...['x-true-client-ip', 'x-forward-for', 'x-client-address', 'x-remote-address', 'x-sourceip', 'x-coming-from'],
      // By what scheme, host and path.
      ...['front-end-https', 'x-url-scheme', 'x-host', 'x-original-host', 'x-original-url', 'x-rewrite-url'],
      ...['x-envoy-original-path'],
    ],
  },
  {
    tells: false,
    names: [
      ...[
        '',
        'x',
        'x-',
        'x-amz-date',
        'x-amz-meta-x-forwarded-for',
        'x-amz-meta-x-host',
        'x-real',
        'x-real-ips',
        'cache-control',
        'from',
      ],
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
