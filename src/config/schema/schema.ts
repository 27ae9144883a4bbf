import { z } from 'zod'
import { corsMethods } from '../../cors/rules/rule.ts'
import { credentialsAllowed } from '../secret-names.ts'
import {
  addressRangeAllowed,
  hostFieldPattern,
  hostNameAllowed,
  isAddressRange,
  isSerialisedOrigin,
  originAllowed,
} from './host-names.ts'
import { address, choice, endpointUrl, hostName, list, path, seconds, section, text, whole } from './value-kinds.ts'

// The schema transforms nothing, so that it can be written down as JSON Schema; configuration.ts makes the values that parts read.

const hostField = 'a Host value such as "console.example.com" or "console.example.com:9001"'

const enforcement = choice(['headers', 'block', 'report'])

/** Day: nothing that waits for an answer should wait longer. */
const day = 86_400

const upstream = section({
  url: endpointUrl().describe('The S3 endpoint behind this proxy: scheme, host and port, nothing else.'),
  host: choice(['preserve', 'rewrite'])
    .default('preserve')
    .describe(
      'preserve: send Host as the client signed it (MinIO; Ceph RGW under its rgw_dns_name). rewrite: send the authority of url; breaks every signature made for another Host.',
    ),
  region: text('a region such as "us-east-1"')
    .regex(/^[A-Za-z0-9-]{1,63}$/, { error: 'a region such as "us-east-1"' })
    .default('us-east-1')
    .describe("The region for signing this proxy's own calls."),
  addressing: choice(['path', 'virtual'])
    .default('path')
    .describe("How this proxy's own calls name the bucket: in the path, or before the host name."),
  credentials: z
    .enum(['environment', 'none'], { error: credentialsAllowed })
    .default('environment')
    .describe("Where the keys for this proxy's own calls are: the environment variables AWS_*, or nowhere."),
  caFile: path('a PEM file with the authorities that sign the endpoint’s certificate').optional(),
  certFile: path('a PEM file with a client certificate, with keyFile').optional(),
  keyFile: path('a PEM file with the key of certFile').optional(),
  connectSeconds: seconds(0.01, day).default(5).describe('Seconds until a connection must be open, TLS included.'),
  responseSeconds: seconds(0.01, day)
    .default(300)
    .describe('Seconds until the response head, counted from the end of the request body.'),
  idleSeconds: seconds(0.01, day).default(120).describe('Seconds without a byte in either direction.'),
  connections: whole(1, 65_535, 'connections').default(256).describe('Connections to the endpoint at most.'),
  queue: whole(0, 1_000_000, 'requests')
    .default(1024)
    .describe('Requests that may wait for a connection; one more is answered 503.'),
  queueSeconds: seconds(0.01, day).default(5).describe('Seconds a request may wait for a connection; then 503.'),
  keepAliveSeconds: seconds(0, day)
    .default(60)
    .describe('Seconds an unused connection is kept at most. The proxy learns how long the endpoint keeps one.'),
}).describe('The S3 endpoint, and how the proxy reaches it.')

const limits = section({
  headerBytes: whole(1024, 1_048_576, 'bytes').default(65_536).describe('Bytes of a request head at most; then 431.'),
  targetBytes: whole(256, 65_536, 'bytes').default(8192).describe('Bytes of a request target at most; then 414.'),
  connections: whole(1, 1_000_000, 'connections').default(10_000).describe('Client connections at most.'),
  headersSeconds: seconds(0.01, day).default(30).describe('Seconds until a request head must be complete.'),
  idleSeconds: seconds(0.01, day).default(60).describe('Seconds without a byte from or to a client.'),
  keepAliveSeconds: seconds(0, day)
    .default(75)
    .describe('Seconds an unused client connection is kept: more than a load balancer in front keeps it.'),
  concurrentStreams: whole(1, 1000, 'requests')
    .default(100)
    .describe('Requests at once in one client connection of HTTP/2, at most.'),
})

const rules = section({
  freshSeconds: seconds(0.01, day).default(60).describe('Seconds until rules from the endpoint are asked for again.'),
  staleSeconds: seconds(0, 30 * day)
    .default(900)
    .describe('Seconds that rules hold while the endpoint gives no usable answer; then they are unknown.'),
  negativeSeconds: seconds(0, day).default(30).describe('Seconds that "no such bucket" and "no rules" hold.'),
  timeoutSeconds: seconds(0.01, 60)
    .default(2)
    .describe('Seconds that one answer may take, and that a first preflight waits for it.'),
})

const store = section({
  directory: path('the directory for rules').optional(),
  bucket: text('a bucket name').optional().describe('A private bucket of the endpoint for rules that replicas share.'),
  prefix: text('a key prefix').optional().describe('The prefix of the keys in that bucket; cors/ if absent.'),
})

const headerList = z.array(z.string())

/** CORSRules for editors; what S3 refuses beyond it is found by `parseRules`, which is the only judge at run time. */
export const corsRulesSchema = z
  .array(
    z.strictObject({
      ID: z.string().max(255).optional().describe('A name for readers; the log has it.'),
      AllowedOrigins: z.array(z.string()).min(1).describe('Origins, each with at most one "*" anywhere.'),
      AllowedMethods: z.array(z.enum(corsMethods)).min(1).describe('Methods, upper case. OPTIONS is never listed.'),
      AllowedHeaders: headerList
        .optional()
        .describe('Request headers a preflight may ask for, each with at most one "*".'),
      ExposeHeaders: headerList.optional().describe('Response headers a page may read; no "*".'),
      MaxAgeSeconds: z.int().optional().describe('Seconds a browser may remember a preflight.'),
    }),
  )
  .min(1)
  .max(100)
  .describe("The bucket's rules in S3's own format: the first that matches decides.")

/** Stands where the JSON Schema shows {@link corsRulesSchema}. */
export const corsRulesPlace = z.unknown()

const bucket = section({
  CORSRules: corsRulesPlace.optional(),
  CORSFile: text('the path of a CORS file')
    .optional()
    .describe('The path of a file with the rules, AWS CLI JSON or S3 XML; relative to this file.'),
  from: choice(['upstream', 'managed', 'none'])
    .optional()
    .describe("upstream: the endpoint's own GetBucketCors. managed: this proxy answers ?cors. none: no rules."),
  enforcement: enforcement.optional().describe('As the option enforcement, for this bucket alone.'),
}).meta({
  description: 'The rules of one bucket: exactly one of CORSRules, CORSFile and from.',
  oneOf: [{ required: ['CORSRules'] }, { required: ['CORSFile'] }, { required: ['from'] }],
})

/** What an operator may write, every key with its default, its unit and its bounds. */
export const configurationSchema = section({
  listen: address().default('0.0.0.0:8080').describe('Where S3 requests arrive: HOST:PORT.'),
  admin: address()
    .default('127.0.0.1:9464')
    .describe('Where metrics, probes and explanations are: HOST:PORT, on another port than listen.'),
  tls: section({
    certFile: path('a PEM file with the certificate chain'),
    keyFile: path('a PEM file with the key of certFile'),
    http2: z
      .boolean({ error: 'true or false' })
      .default(true)
      .describe('Whether HTTP/2 is offered beside HTTP/1.1, by ALPN.'),
  })
    .optional()
    .describe('The certificate for listen; absent: plain HTTP. The files are read again when they change.'),
  upstream,
  virtualHosts: list(hostName(), hostNameAllowed)
    .default([])
    .describe(
      'Base domains of virtual-hosted-style requests; the host name of upstream.url is one, too, if the endpoint reads it so.',
    ),
  hosts: list(hostName(), hostNameAllowed).default([]).describe('Further Host names that are path-style.'),
  unknownPaths: choice(['refuse', 'forward'])
    .default('refuse')
    .describe(
      "Paths that known servers take for something else than a bucket, such as RGW's /swift. refuse: answer 403. forward: forward without CORS.",
    ),
  publicOrigins: list(text(originAllowed).refine(isSerialisedOrigin, { error: originAllowed }), originAllowed)
    .default([])
    .describe("This proxy's own origins as browsers see them; empty: http(s)://HOST of the request."),
  forwardedFor: choice(['replace', 'append', 'preserve'])
    .default('replace')
    .describe(
      'X-Forwarded-For and the like. replace: send the address of the peer. append: append it to what trustedProxies sent. preserve: pass them on.',
    ),
  trustedProxies: list(
    text(addressRangeAllowed).refine(isAddressRange, { error: addressRangeAllowed }),
    addressRangeAllowed,
  )
    .default([])
    .describe(
      'Addresses and ranges of proxies in front; the client is the first address from the right that is none of them.',
    ),
  enforcement: enforcement
    .default('headers')
    .describe('headers: as S3. block: also answer denied actual requests with 403. report: only decide and count.'),
  vary: choice(['always', 'matched'])
    .default('always')
    .describe('always: the same Vary on every answer, for caches in front. matched: as S3, byte for byte.'),
  limits: limits.prefault({}).describe('What one client may use.'),
  rules: rules.prefault({}).describe('How long rules from the endpoint hold.'),
  managed: section({ store: store.describe('A directory, or a bucket of the endpoint.') })
    .optional()
    .describe('Where the proxy keeps rules that arrive by PUT ?cors.'),
  drainSeconds: seconds(0, day).default(25).describe('Seconds that requests under way have to end after SIGTERM.'),
  workers: whole(1, 256, 'processes').default(1).describe('Processes that share listen, and the limits with it.'),
  nodeResponses: z
    .boolean({ error: 'true or false' })
    .default(false)
    .describe(
      "Whether Node's own class writes the responses: slower, for a version of Node on which this proxy's fails.",
    ),
  metrics: section({
    origins: whole(1, 10_000, 'origins')
      .default(100)
      .describe('Allowed, and as many denied, origins that become label values; the rest is "other".'),
    rules: whole(0, 2000, 'rules')
      .default(200)
      .describe('Rules of named buckets that become label values, the first in the file; the rest is "other".'),
  })
    .prefault({})
    .describe('Bounds of /metrics.'),
  log: section({
    level: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('The least severe level that is written.'),
    access: z.boolean({ error: 'true or false' }).default(false).describe('Whether every request gets a line.'),
  })
    .prefault({})
    .describe('What is written to standard output.'),
  console: section({
    host: text(hostField)
      .regex(hostFieldPattern, { error: hostField })
      .describe('The Host whose requests go to url instead of the endpoint.'),
    url: endpointUrl().describe("The server of that Host, such as MinIO's Console."),
  })
    .optional()
    .describe('A second server behind the same port, without bucket policies.'),
  buckets: z
    .record(z.string(), bucket, { error: 'a mapping from bucket names to their rules' })
    .default({})
    .describe('The rules of each bucket by its name; "*" in quotes is every bucket that is not named.'),
})

/** What stands in a valid file, defaults filled in. */
export type WrittenConfiguration = z.output<typeof configurationSchema>
