/**
 * Domains under which strangers can get a name, and with it an origin. Not the Public Suffix List, which is 200 KB and
 * changes weekly: a warning needs those where buckets' front ends live, and the country codes people buy under.
 * Every name without a dot counts as one too.
 */
const publicSuffixes: ReadonlySet<string> = new Set([
  'ac.uk',
  'co.jp',
  'co.nz',
  'co.uk',
  'co.za',
  'com.au',
  'com.br',
  'com.cn',
  'com.tr',
  'org.uk',
  'amazonaws.com',
  'amplifyapp.com',
  'appspot.com',
  'azureedge.net',
  'azurestaticapps.net',
  'azurewebsites.net',
  'blob.core.windows.net',
  'cloudfront.net',
  'digitaloceanspaces.com',
  'elasticbeanstalk.com',
  'firebaseapp.com',
  'fly.dev',
  'github.dev',
  'github.io',
  'gitlab.io',
  'glitch.me',
  'herokuapp.com',
  'netlify.app',
  'ngrok-free.app',
  'ngrok.app',
  'ngrok.io',
  'onrender.com',
  'pages.dev',
  'r2.dev',
  'run.app',
  's3.amazonaws.com',
  'storage.googleapis.com',
  'surge.sh',
  'trycloudflare.com',
  'vercel.app',
  'web.app',
  'web.core.windows.net',
  'workers.dev',
])

/** Names without a dot that are not for sale, https://www.rfc-editor.org/rfc/rfc6761 and ICANN's `internal`. */
const privateNames: ReadonlySet<string> = new Set(['example', 'internal', 'invalid', 'local', 'localhost', 'test'])

/** S3's regional endpoints, e.g. `s3.eu-west-3.amazonaws.com` and `s3-website-us-east-1.amazonaws.com`. */
const regionalEndpoint = /^s3[a-z0-9.-]*\.amazonaws\.com(\.cn)?$/

/** Says whether strangers can get a name directly under `domain` (in lower case). */
export function isPublicSuffix(domain: string): boolean {
  if (!domain.includes('.')) return !privateNames.has(domain)
  return publicSuffixes.has(domain) || regionalEndpoint.test(domain)
}
