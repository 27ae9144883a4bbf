import t from 'tap'
import { toFieldValue } from '../../../src/cors/patterns/field-value.ts'
import { explainTyped, type TypedQuery } from '../../../src/daemon/operator/explanations.ts'
import { understandOrigin } from '../../../src/daemon/operator/typed-origin.ts'
import { createAddressOf } from '../../../src/daemon/proxy-settings.ts'
import { createPolicyTable } from '../../../src/policies/policy-table.ts'
import { parseText, upstreamLine } from '../../fixtures/parsed-text.ts'

const rules = (origin: string) =>
  `{ CORSRules: [{ AllowedOrigins: ["${origin}"], AllowedMethods: [GET, PUT], ExposeHeaders: [ETag] }] }`
const plain = `${upstreamLine}hosts: [s3.example.com]
virtualHosts: [cdn.example.com]
buckets:
  my-media: ${rules('https://my-app.xyz')}
  strict: { ${rules('https://my-app.xyz').slice(1, -1)}, enforcement: block }
  counted: { ${rules('https://my-app.xyz').slice(1, -1)}, enforcement: report }
  apps: ${rules('app://MyApp')}
`
const severalSchemes = plain.replace(
  '[{ All',
  '[{ AllowedOrigins: ["http://localhost:3000"], AllowedMethods: [GET] }, { All',
)
const withDefault = `${plain}  "*": ${rules('https://any.example')}\n`

function ask(question: Partial<TypedQuery> & { readonly actual?: boolean }, text = plain) {
  const { configuration, issues } = parseText(text)
  if (configuration === undefined) throw new Error(issues.map(({ message }) => message).join())
  const { actual = false, ...rest } = question
  return explainTyped(
    {
      bucket: 'my-media',
      origin: 'https://my-app.xyz',
      method: actual ? 'GET' : 'OPTIONS',
      requestMethod: actual ? undefined : 'GET',
      requestHeaders: undefined,
      ...rest,
    },
    createPolicyTable(configuration.buckets),
    { ...configuration, vary: 'always', addressOf: createAddressOf(configuration, undefined) },
  )
}

const origins: Record<string, string> = {
  'https://my-app.xyz/': 'https://my-app.xyz',
  'https://my-app.xyz/gallery?x=1#y': 'https://my-app.xyz',
  'https://my-app.xyz:443': 'https://my-app.xyz',
  'HTTPS://My-App.XYZ': 'https://my-app.xyz',
  'https;//my-app.xyz': 'https://my-app.xyz',
  'my-app.xyz': 'https://my-app.xyz',
  'my-app.xyz/gallery': 'https://my-app.xyz',
  ' https://my-app.xyz ': 'https://my-app.xyz',
  '"https://my-app.xyz"': 'https://my-app.xyz',
  'wss://my-app.xyz': 'https://my-app.xyz',
  'blob:https://my-app.xyz/1': 'https://my-app.xyz',
  'https://user:word@my-app.xyz': 'https://my-app.xyz',
  'Origin: https://my-app.xyz': 'https://my-app.xyz',
  'origin:https://my-app.xyz': 'https://my-app.xyz',
  'Referer: https://my-app.xyz/gallery': 'https://my-app.xyz',
  'https://my-app.xyz,': 'https://my-app.xyz',
  "https://my-app.xyz'": 'https://my-app.xyz',
  '"https://my-app.xyz': 'https://my-app.xyz',
  'https%3A%2F%2Fmy-app.xyz': 'https://my-app.xyz',
  'https:\\\\my-app.xyz': 'https://my-app.xyz',
  '- "https://my-app.xyz"': 'https://my-app.xyz',
  'AllowedOrigins: ["https://my-app.xyz"]': 'https://my-app.xyz',
  '-H "Origin: https://my-app.xyz"': 'https://my-app.xyz',
  "curl -X OPTIONS -H 'Origin: https://my-app.xyz' -H 'Access-Control-Request-Method: PUT' https://s3.example.com/a":
    'https://my-app.xyz',
  "curl 'https://s3.example.com/a' -H 'origin: https://my-app.xyz' -H 'referer: https://my-app.xyz/'":
    'https://my-app.xyz',
  '"origin": "https://my-app.xyz"': 'https://my-app.xyz',
  'origin=https://my-app.xyz': 'https://my-app.xyz',
  'Origin=https%3A%2F%2Fmy-app.xyz': 'https://my-app.xyz',
  'access-control-allow-origin: https://my-app.xyz': 'https://my-app.xyz',
  'Origin https://my-app.xyz is not allowed by Access-Control-Allow-Origin. Status code: 403': 'https://my-app.xyz',
  'https://my-app.xyz/?origin=https://other.xyz': 'https://my-app.xyz',
  "Access to fetch at 'https://s3.example.com/a' from origin 'https://my-app.xyz' has been blocked":
    'https://my-app.xyz',
}
t.test('an origin out of an address bar is the one that a browser sends', async t => {
  for (const [typed, sent] of Object.entries(origins)) {
    const { allowed, request, notes } = ask({ origin: typed })
    t.equal(allowed, true, typed)
    t.equal(request?.origin, sent)
    t.same(notes, [`a browser sends "${sent}", not "${typed.replaceAll(/["\\]/g, '\\$&')}"; that is allowed`])
  }
})

t.test('an origin with other signs of writing around it or in it is the one that a browser sends', async t => {
  for (const typed of [
    '\u201chttps://my-app.xyz\u201d',
    '\u2018https://my-app.xyz\u2019',
    '\u00abhttps://my-app.xyz\u00bb',
    '<AllowedOrigin>https://my-app.xyz</AllowedOrigin>',
    'https://my-app\u3002xyz',
    'https://my-app.xyz\u200b',
    '\ufeffhttps://my-app.xyz',
  ]) {
    // As a form sends it, and as the command line does.
    for (const origin of [typed, toFieldValue(typed)]) {
      const { allowed, request } = ask({ origin })
      t.strictSame([allowed, request?.origin], [true, 'https://my-app.xyz'], JSON.stringify(origin))
    }
  }
})

t.test('a letter of another script is not taken for one of ASCII', async t => {
  const { change, notes } = ask({ origin: 'https://m\u0443-app.xyz' })
  t.strictSame(change?.additions.AllowedOrigins, ['https://xn--m-app-eze.xyz'])
  t.match(notes?.[0], /not "https:\/\/m\\u0443-app\.xyz"; that is denied$/)
})

t.test('of several origins each is told, and none is recommended', async t => {
  for (const origin of [
    'https://my-app.xyz,https://other.xyz',
    'https://my-app.xyz, https://other.xyz',
    'https://my-app.xyz;https://other.xyz',
    'my-app.xyz other.xyz/',
  ]) {
    const { allowed, change, noChange, notes } = ask({ origin })
    t.strictSame([allowed, change, notes], [false, undefined, undefined], origin)
    t.equal(noChange, 'a browser sends one origin; ask about one of them: "https://my-app.xyz", "https://other.xyz"')
  }
})

t.test('an origin with a dot at its end is told apart from the one without', async t => {
  for (const origin of ['https://my-app.xyz.', 'my-app.xyz./gallery']) {
    const { change, notes } = ask({ origin })
    t.strictSame(change?.additions.AllowedOrigins, ['https://my-app.xyz.'])
    t.equal(notes?.at(-1), 'the dot at its end is part of the host: "https://my-app.xyz" is another origin')
  }
  t.equal(ask({ origin: 'https://other.xyz' }).notes, undefined)
})

t.test('an origin with a long row of quotes in it is read in one pass', async t => {
  for (const marks of ['"', ',', "';"]) {
    const typed = `https://my-app.xyz${marks.repeat(200_000)}x`
    t.strictSame(understandOrigin(typed).origin, typed)
  }
  t.strictSame(understandOrigin(`https://my-app.xyz${'"'.repeat(200_000)}`).origin, 'https://my-app.xyz')
})

t.test('what is denied gets the value that a browser sends', async t => {
  for (const [typed, sent] of [
    ['https://other.xyz/', 'https://other.xyz'],
    ['other.xyz', 'https://other.xyz'],
    ['localhost:3000', 'http://localhost:3000'],
    ['https://Other.xyz:443/a', 'https://other.xyz'],
    ['https://m\u00fcnchen.example', 'https://xn--mnchen-3ya.example'],
    ['https://[2001:DB8::1]/', 'https://[2001:db8::1]'],
    ['192.168.1.5:3000', 'http://192.168.1.5:3000'],
    ['192.168.1.5:443', 'https://192.168.1.5'],
    ['file:///C:/Users/me/index.html', 'null'],
    ['file:///C:/Users/me/', 'null'],
    ['file:', 'null'],
    ['FILE:/home/me', 'null'],
    ['C:\\Users\\me\\index.html', 'null'],
  ] as const) {
    const { allowed, change, notes } = ask({ origin: typed })
    t.equal(allowed, false)
    t.same(change?.additions.AllowedOrigins, [sent], typed)
    t.match(notes?.[0], /; that is denied$/)
  }
})

t.test('an origin as clients send it is not touched', async t => {
  for (const origin of ['https://my-app.xyz', 'https://other.xyz', 'app://MyApp', 'file://', 'null']) {
    const { request, notes } = ask({ origin, bucket: 'apps' })
    t.equal(request?.origin, origin)
    t.equal(notes, undefined)
  }
  t.equal(ask({ origin: 'app://MyApp', bucket: 'apps' }).allowed, true)
})

t.test('what no browser sends is not recommended', async t => {
  for (const origin of [
    'https://a.example:99999',
    'ftp://a.example',
    'https://',
    '{{origin}}',
    '^https://x$',
    'https://1.2.3.256',
    'https://my-app.xyz:6000/',
    `https://\${APP_HOST}`,
    './index.html',
    '/home/me/index.html',
    'mailto:me@my-app.xyz',
    '3000',
    'https',
    'undefined',
  ]) {
    const { allowed, change, noChange, notes, nearest } = ask({ origin }, severalSchemes)
    t.equal(allowed, false)
    t.equal(notes, undefined, `${origin}: nothing is said to be sent`)
    if (origin.startsWith('https:')) t.equal(nearest?.index, 1, 'a rule for another scheme is not near')
    t.equal(change, undefined, origin)
    t.match(noChange, /no browser sends/)
  }
})

const buckets: readonly {
  typed: string
  bucket?: string
  notes?: readonly RegExp[]
  noChange?: RegExp
  text?: string
}[] = [
  { typed: 'my-media/photos/a.jpg', bucket: 'my-media', notes: [/^the bucket is "my-media"; /] },
  { typed: '/my-media/', bucket: 'my-media', notes: [/^the bucket is "my-media"; /] },
  { typed: 's3://my-media/photos', bucket: 'my-media', notes: [/^the bucket is "my-media"; /] },
  { typed: 'arn:aws:s3:::my-media/*', bucket: 'my-media', notes: [/^the bucket is "my-media"; /] },
  {
    typed: 'https://s3.example.com/my-media/a.jpg',
    bucket: 'my-media',
    notes: [/^the URL names the bucket "my-media"$/],
  },
  ...[
    './my-media',
    'my-media\\photos',
    'my-media?list-type=2',
    'my-media#a',
    'S3://my-media/a',
    's3a://my-media/a',
    'gs://my-media/a',
    '"my-media"',
    '`my-media`',
    'my-media,',
    'Bucket: my-media',
  ].map(typed => ({ typed, bucket: 'my-media', notes: [/^the bucket is "my-media"; /] })),
  { typed: 'arn:aws:s3:us-east-1:1:accesspoint/my-ap', noChange: /^"arn:.*" is not the ARN of a bucket$/ },
  { typed: 's3.example.com', noChange: /^"s3\.example\.com" names a server, not a bucket$/ },
  { typed: '127.0.0.1', noChange: /^"127\.0\.0\.1" names a server, not a bucket$/ },
  // Behind an alias or a remote of another client, and in a Host that no configuration has.
  ...['local/my-media', 'minio/my-media/a', 'remote:my-media', 'my-media.s3.example.com'].map(typed => ({
    typed,
    noChange: /, did you mean "my-media"\?$/,
    ...(typed.includes('/') ? { notes: [/; the rest is not part of its name$/] } : {}),
  })),
  { typed: 'my-meda', noChange: /^the configuration has no bucket "my-meda", did you mean "my-media"\?$/ },
  { typed: 'My-Media', noChange: /^"My-Media" is not a bucket name; .*, did you mean "my-media"\?$/ },
  { typed: 'my_media', noChange: /^"my_media" is not a bucket name; .*, did you mean "my-media"\?$/ },
  { typed: 'Wholly Other', noChange: /^"Wholly" is not|^"Wholly Other" is not a bucket name; expected 3 to 63/ },
  { typed: 'x', noChange: /^"x" is not a bucket name; / },
  { typed: `${'a'.repeat(5000)}`, noChange: /^"a{200}" is not a bucket name; / },
  {
    typed: 'my-meda',
    bucket: 'my-meda',
    text: withDefault,
    notes: [/^buckets has no entry "my-meda", so that "\*" holds, did you mean "my-media"\?$/],
  },
]
for (const { typed, bucket, notes = [], noChange, text } of buckets) {
  t.test(
    `the bucket ${typed.slice(0, 40)}${text === undefined ? '' : ' beside "*"'} is read as it is meant, or not at all`,
    async t => {
      const explained = ask({ bucket: typed, origin: 'https://new.example' }, text)
      if (bucket !== undefined) t.equal(explained.bucket, bucket)
      t.equal(explained.notes?.length ?? 0, notes.length)
      t.match(explained.notes ?? [], notes)
      if (noChange === undefined) t.not(explained.change, undefined)
      else {
        t.match(explained.noChange, noChange)
        t.equal(explained.change, undefined, 'no configuration that check refuses')
      }
    },
  )
}

t.test('a bucket that is far from every name gets an entry that check takes', async t => {
  const { change } = ask({ bucket: 'invoices' })
  t.equal(change?.kind, 'new-entry')
  t.not(parseText(`${upstreamLine}buckets:\n  ${change?.yaml.replaceAll('\n', '\n  ')}\n`).configuration, undefined)
})

const urls: readonly { url: string; bucket?: string; reason?: string; noChange?: RegExp; notes?: readonly RegExp[] }[] =
  [
    { url: 'https://s3.example.com/my-media/photos/a.jpg', bucket: 'my-media' },
    { url: 's3.example.com/my-media/photos/a.jpg', bucket: 'my-media' },
    { url: 'http://127.0.0.1:8080/my-media/a.jpg?X-Amz-Signature=00', bucket: 'my-media' },
    { url: 'https://my-media.cdn.example.com/a.jpg', bucket: 'my-media' },
    { url: 'https://s3.other.example/my-media/a.jpg', reason: 'unknown_host' },
    { url: 'https://s3.example.com/', noChange: /^the URL names no bucket; expected https:\/\/HOST\/BUCKET\/KEY$/ },
    { url: 'https://s3.example.com//my-media/a', noChange: /^the request is refused with 400: / },
    ...['/my-media/a', 'my-media/a.png', 'my-media', 'GET /my-media/a HTTP/1.1', 'S3://my-media/a'].map(url => ({
      url,
      bucket: 'my-media',
    })),
    // What stands around it, and slashes but for these two.
    ...[
      'fetch("https://s3.example.com/my-media/a")',
      '![x](https://s3.example.com/my-media/a)',
      'url=https://s3.example.com/my-media/a',
      '\u201chttps://s3.example.com/my-media/a\u201d',
      'https%3A%2F%2Fs3.example.com%2Fmy-media%2Fa',
      'https:/s3.example.com/my-media/a',
      'https//s3.example.com/my-media/a',
      'curl -H "Origin: https://my-app.xyz" https://s3.example.com/my-media/a',
      "curl -H 'Referer: https://my-app.xyz/' https://s3.example.com/my-media/a",
    ].map(url => ({ url, bucket: 'my-media', notes: [/^the URL names the bucket "my-media"$/] })),
    // Not through this proxy.
    ...[
      'https://my-media.s3.amazonaws.com/a',
      'https://my-media.s3.eu-west-1.amazonaws.com/a',
      'https://s3.eu-west-1.amazonaws.com/my-media/a',
      'https://my-media.s3-website.eu-central-1.amazonaws.com/',
      'http://127.0.0.1:9000/my-media/a',
    ].map(url => ({
      url,
      bucket: 'my-media',
      notes: [/ does not come to this proxy; through it, the URL begins with https:\/\/s3\.example\.com\/my-media\/$/],
    })),
    ...[
      'https://s3.console.aws.amazon.com/s3/object/my-media?region=eu-west-1&prefix=a.png',
      'https://eu-west-1.console.aws.amazon.com/s3/buckets/my-media?tab=objects',
      'https://console.example.com/browser/my-media/a.png',
    ].map(url => ({ url, bucket: 'my-media', notes: [/^the URL is of a console; the bucket in it is "my-media"$/] })),
    {
      url: 'https://s3.example.com/MY-MEDIA/a',
      noChange: /^"MY-MEDIA" is not a bucket name; .* did you mean "my-media"\?$/,
    },
    { url: 'blob:https://my-app.xyz/1-2', noChange: /is no URL of an object/ },
    { url: 'https://s3.example.com/my-meda/a', noChange: /did you mean "my-media"\?$/ },
    { url: 'ftp://s3.example.com/my-media/a', noChange: /is no URL of an object/ },
    { url: 'https://', noChange: /is no URL of an object/ },
  ]
for (const { url, bucket, reason, noChange, notes } of urls) {
  t.test(`the URL ${url} is read as the proxy reads a request for it`, async t => {
    const explained = ask({ bucket: '', urlOfObject: url, origin: 'https://new.example' })
    if (bucket !== undefined) t.equal(explained.bucket, bucket)
    if (notes !== undefined) t.match(explained.notes, notes)
    if (reason !== undefined) {
      t.equal(explained.answer?.status, 403)
      t.match(explained.notes, [/^once the Host is known, the bucket is "my-media", and its rules deny the request/])
      t.equal(explained.reason, reason)
      t.match(explained.change, {
        yaml: 'hosts:\n  - s3.other.example',
        how: 'add the name, and keep the name that is there',
      })
    }
    if (noChange !== undefined) t.match(explained.noChange, noChange)
  })
}

const answers: readonly {
  name: string
  question: Parameters<typeof ask>[0]
  status?: number
  hasCorsFields: boolean
  text: RegExp
}[] = [
  { name: 'an allowed preflight', question: {}, status: 200, hasCorsFields: true, text: /^200 with CORS fields/ },
  {
    name: 'a denied preflight',
    question: { origin: 'https://x.example' },
    status: 403,
    hasCorsFields: false,
    text: /^403 AccessForbidden without CORS fields/,
  },
  {
    name: 'a denied preflight in "report"',
    question: { origin: 'https://x.example', bucket: 'counted' },
    hasCorsFields: false,
    text: /^the preflight goes to the endpoint, whose own CORS fields pass/,
  },
  { name: 'an allowed request', question: { actual: true }, hasCorsFields: true, text: /the page may read it$/ },
  {
    name: 'a denied request',
    question: { actual: true, origin: 'https://x.example' },
    hasCorsFields: false,
    text: /^the endpoint's answer without CORS fields/,
  },
  {
    name: 'a denied request in "block"',
    question: { actual: true, origin: 'https://x.example', bucket: 'strict' },
    status: 403,
    hasCorsFields: false,
    text: /^403 AccessForbidden without CORS fields: "enforcement: block"/,
  },
  {
    name: 'a preflight for a method that no rule can list',
    question: { requestMethod: 'PATCH' },
    status: 400,
    hasCorsFields: false,
    text: /without CORS fields/,
  },
]
for (const { name, question, status, hasCorsFields, text } of answers) {
  t.test(`${name}: what the client gets is told`, async t => {
    const { answer } = ask(question)
    t.match(answer?.text, text)
    t.same({ status: answer?.status, hasCorsFields: answer?.hasCorsFields }, { status, hasCorsFields })
  })
}

t.test('of an allowed request, what the page may read is told, and of no other', async t => {
  const { readable } = ask({ actual: true })
  t.ok(readable?.read.includes('ETag') && readable.read.includes('Content-Type'))
  t.ok(readable?.hidden.includes('Content-Range') && !readable.hidden.includes('ETag'))
  t.equal(ask({}).readable, undefined)
  t.equal(ask({ actual: true, origin: 'https://x.example' }).readable, undefined)
})

t.test('what no browser sends is never recommended, nor said to be sent', async t => {
  for (const [origin, why] of [
    ['*', /^no browser sends an origin with \*; expected one that it stands for/],
    ['https://*.my-app.xyz', /^no browser sends an origin with \*/],
    ['htps://my-app.xyz', /^no browser sends the origin "htps:\/\/my-app\.xyz": it sends "https:\/\/my-app\.xyz"$/],
    ['https://my-app.xyz https://other.xyz', /^a browser sends one origin; ask about one of them: /],
    ["from origin 'a b'", /^no browser sends the origin /],
  ] as const) {
    const { allowed, change, noChange } = ask({ origin })
    t.strictSame([allowed, change], [false, undefined], origin)
    t.match(noChange, why)
  }
})

t.test('a method as a program writes it is the one that a browser sends', async t => {
  for (const [requestMethod, method, notes] of [
    ['get', 'GET', ['a browser sends GET, not "get"']],
    ['Put', 'PUT', ['a browser sends PUT, not "Put"']],
    ['PUT ', 'PUT', ['a browser sends PUT, not "PUT "']],
    ['"PUT"', 'PUT', ['a browser sends PUT, not "\\"PUT\\""']],
    ['GET,', 'GET', ['a browser sends GET, not "GET,"']],
    ['[GET]', 'GET', ['a browser sends GET, not "[GET]"']],
    ['-X PUT', 'PUT', ['a browser sends PUT, not "-X PUT"']],
    ['PUT /my-media/get HTTP/1.1', 'PUT', ['a browser sends PUT, not "PUT /my-media/get HTTP/1.1"']],
    ['Access-Control-Request-Method: PUT', 'PUT', ['a browser sends PUT, not "Access-Control-Request-Method: PUT"']],
    ['GET', 'GET', undefined],
  ] as const) {
    const { allowed, request, notes: told } = ask({ requestMethod })
    t.strictSame([allowed, request?.method, told], [true, method, notes])
    const actual = ask({ method: requestMethod, actual: true })
    t.strictSame([actual.allowed, actual.request?.method], [true, method])
  }
  for (const [requestMethod, note] of [
    ['OPTIONS', 'OPTIONS is the preflight itself: the method is the one of the request that follows'],
    ['options', 'OPTIONS is the preflight itself: the method is the one of the request that follows'],
    ...['GET, HEAD', 'GET;PUT', 'GET/PUT', 'get put'].map(
      several => [several, 'one method is asked about at a time'] as const,
    ),
    ['PUTT', undefined],
    ['re-put', undefined],
    ['patch', undefined],
  ] as const) {
    const { allowed, notes } = ask({ requestMethod })
    t.strictSame([allowed, notes], [false, note === undefined ? undefined : [note]], requestMethod)
  }
})

t.test('fields as they are copied are field names, without those that browsers set', async t => {
  for (const [typed, names, notes] of [
    [['Content-Type: image/png'], ['content-type'], ['the field is "Content-Type"; its value is not asked for']],
    [['*'], ['*'], ['"*" is asked about as the name of one field; name each field that the page sends']],
    [
      ['Content-Type, x-amz-*'],
      ['content-type', 'x-amz-*'],
      ['"x-amz-*" is asked about as the name of one field; name each field that the page sends'],
    ],
    [
      ['*', 'range'],
      ['*', 'range'],
      ['"*" is asked about as the name of one field; name each field that the page sends'],
    ],
    [['Access-Control-Allow-Headers: content-type, range'], ['content-type', 'range'], undefined],
    [['SignedHeaders=range;x-amz-date'], ['range', 'x-amz-date'], undefined],
    [["'Content-Type'", '"Range"'], ['content-type', 'range'], undefined],
    [['["Content-Type", "Range"]'], ['content-type', 'range'], undefined],
    [
      ['{ "Content-Type": "image/png" }'],
      ['content-type'],
      ['the field is "Content-Type"; its value is not asked for'],
    ],
    [['-H "x-a: b"'], ['x-a'], ['the field is "x-a"; its value is not asked for']],
    ...['x-a: 1, x-b: 2', 'x-a:1,x-b:2', '{ "x-a": "1", "x-b": "2" }'].map(
      line =>
        [
          [line],
          ['x-a', 'x-b'],
          ['the field is "x-a"; its value is not asked for', 'the field is "x-b"; its value is not asked for'],
        ] as const,
    ),
    [
      ['If-Modified-Since: Tue, 15 Nov 1994 08:12:31 GMT'],
      ['if-modified-since'],
      ['the field is "If-Modified-Since"; its value is not asked for'],
    ],
    [
      ['x-a: 1\nx-b: 2'],
      ['x-a', 'x-b'],
      ['the field is "x-a"; its value is not asked for', 'the field is "x-b"; its value is not asked for'],
    ],
    [
      ['Accept: */*', 'Range: bytes=0-', 'Content-Type: text/plain'],
      [],
      [
        'with this value, no preflight asks for "Accept"',
        'with this value, no preflight asks for "Range"',
        'with this value, no preflight asks for "Content-Type"',
      ],
    ],
    [
      ['Access-Control-Allow-Origin'],
      ['access-control-allow-origin'],
      ['"Access-Control-Allow-Origin" is a field of answers: a page has no reason to send it'],
    ],
    [
      [':authority: s3.example.com'],
      [],
      [
        'the field is ":authority"; its value is not asked for',
        'browsers set ":authority" by themselves, and no preflight asks for it',
      ],
    ],
    [['Access-Control-Request-Headers: content-type,x-amz-date'], ['content-type', 'x-amz-date'], undefined],
    [['host;x-amz-date'], ['x-amz-date'], ['browsers set "host" by themselves, and no preflight asks for it']],
    [['Origin'], [], ['browsers set "Origin" by themselves, and no preflight asks for it']],
    [
      ['Cookie: a=b', 'Range'],
      ['range'],
      [
        'the field is "Cookie"; its value is not asked for',
        'browsers set "Cookie" by themselves, and no preflight asks for it',
      ],
    ],
    [['x-amz-date', 'range'], ['range', 'x-amz-date'], undefined],
  ] as const) {
    const { request, notes: told } = ask({ requestHeaders: typed })
    t.strictSame([request?.headerNames.toSorted(), told], [names, notes], typed.join())
  }
})

t.test('a name with * in it is no field that a browser sends, so that no rule is recommended for it', async t => {
  for (const requestHeaders of [['*'], ['x-amz-*'], ['content-type', 'x-*-y'], ['AllowedHeaders: *']]) {
    for (const origin of ['https://my-app.xyz', 'https://other.xyz']) {
      const { allowed, change, noChange } = ask({ origin, requestHeaders })
      t.strictSame([allowed, change], [false, undefined])
      t.equal(noChange, 'no browser sends a field name with *; name each field that the page sends')
    }
  }
})

t.test('in "report" nothing of the rules is sent, and what a page may read is the endpoint\'s to say', async t => {
  for (const actual of [true, false]) {
    const { allowed, readable, responseFields } = ask({ bucket: 'counted', actual })
    t.strictSame([allowed, readable, responseFields], [true, undefined, []])
  }
})

t.test('a Host stands for the bucket in it', async t => {
  for (const bucket of ['my-media.cdn.example.com', 's3.example.com/my-media', 's3.example.com/my-media/a.png']) {
    const { allowed, bucket: read, notes } = ask({ bucket })
    t.strictSame([allowed, read], [true, 'my-media'], bucket)
    t.equal(notes?.[0], 'the URL names the bucket "my-media"')
  }
  t.equal(ask({ bucket: 'not.known' }).bucket, 'not.known')
})

t.test('the URL of an object is found in what stands around it', async t => {
  for (const urlOfObject of [
    '"https://s3.example.com/my-media/a.png"',
    "curl -v 'https://s3.example.com/my-media/a.png'",
    'GET https://s3.example.com/my-media/a.png',
    's3://my-media/a.png',
  ]) {
    const { allowed, bucket } = ask({ urlOfObject })
    t.strictSame([allowed, bucket], [true, 'my-media'], urlOfObject)
  }
})
