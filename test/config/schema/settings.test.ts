import t from 'tap'
import { settings } from '../../../src/config/schema/settings.ts'

t.test('every scalar and list outside buckets has a variable and a flag', async t => {
  t.strictSame(
    settings().map(({ variable, flag, kind, isPath }) => `${variable} --${flag} ${kind}${isPath ? ' path' : ''}`),
    [
      'S3CORS_LISTEN --listen text',
      'S3CORS_ADMIN --admin text',
      'S3CORS_TLS_CERT_FILE --tls-cert-file text path',
      'S3CORS_TLS_KEY_FILE --tls-key-file text path',
      'S3CORS_TLS_HTTP2 --tls-http2 boolean',
      'S3CORS_UPSTREAM_URL --upstream-url text',
      'S3CORS_UPSTREAM_HOST --upstream-host text',
      'S3CORS_UPSTREAM_REGION --upstream-region text',
      'S3CORS_UPSTREAM_ADDRESSING --upstream-addressing text',
      'S3CORS_UPSTREAM_CREDENTIALS --upstream-credentials text',
      'S3CORS_UPSTREAM_CA_FILE --upstream-ca-file text path',
      'S3CORS_UPSTREAM_CERT_FILE --upstream-cert-file text path',
      'S3CORS_UPSTREAM_KEY_FILE --upstream-key-file text path',
      'S3CORS_UPSTREAM_CONNECT_SECONDS --upstream-connect-seconds number',
      'S3CORS_UPSTREAM_RESPONSE_SECONDS --upstream-response-seconds number',
      'S3CORS_UPSTREAM_IDLE_SECONDS --upstream-idle-seconds number',
      'S3CORS_UPSTREAM_CONNECTIONS --upstream-connections number',
      'S3CORS_UPSTREAM_QUEUE --upstream-queue number',
      'S3CORS_UPSTREAM_QUEUE_SECONDS --upstream-queue-seconds number',
      'S3CORS_UPSTREAM_KEEP_ALIVE_SECONDS --upstream-keep-alive-seconds number',
      'S3CORS_VIRTUAL_HOSTS --virtual-hosts list',
      'S3CORS_HOSTS --hosts list',
      'S3CORS_UNKNOWN_PATHS --unknown-paths text',
      'S3CORS_PUBLIC_ORIGINS --public-origins list',
      'S3CORS_FORWARDED_FOR --forwarded-for text',
      'S3CORS_TRUSTED_PROXIES --trusted-proxies list',
      'S3CORS_ENFORCEMENT --enforcement text',
      'S3CORS_VARY --vary text',
      'S3CORS_LIMITS_HEADER_BYTES --limits-header-bytes number',
      'S3CORS_LIMITS_TARGET_BYTES --limits-target-bytes number',
      'S3CORS_LIMITS_CONNECTIONS --limits-connections number',
      'S3CORS_LIMITS_HEADERS_SECONDS --limits-headers-seconds number',
      'S3CORS_LIMITS_IDLE_SECONDS --limits-idle-seconds number',
      'S3CORS_LIMITS_KEEP_ALIVE_SECONDS --limits-keep-alive-seconds number',
      'S3CORS_LIMITS_CONCURRENT_STREAMS --limits-concurrent-streams number',
      'S3CORS_RULES_FRESH_SECONDS --rules-fresh-seconds number',
      'S3CORS_RULES_STALE_SECONDS --rules-stale-seconds number',
      'S3CORS_RULES_NEGATIVE_SECONDS --rules-negative-seconds number',
      'S3CORS_RULES_TIMEOUT_SECONDS --rules-timeout-seconds number',
      'S3CORS_MANAGED_STORE_DIRECTORY --managed-store-directory text path',
      'S3CORS_MANAGED_STORE_BUCKET --managed-store-bucket text',
      'S3CORS_MANAGED_STORE_PREFIX --managed-store-prefix text',
      'S3CORS_DRAIN_SECONDS --drain-seconds number',
      'S3CORS_WORKERS --workers number',
      'S3CORS_NODE_RESPONSES --node-responses boolean',
      'S3CORS_METRICS_ORIGINS --metrics-origins number',
      'S3CORS_LOG_LEVEL --log-level text',
      'S3CORS_LOG_ACCESS --log-access boolean',
      'S3CORS_CONSOLE_HOST --console-host text',
      'S3CORS_CONSOLE_URL --console-url text',
    ],
  )
})

t.test('every setting says what it is', async t => {
  for (const { flag, description } of settings()) t.match(description, /\.$/, flag)
})
