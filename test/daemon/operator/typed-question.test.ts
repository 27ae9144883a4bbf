import t from 'tap'
import { explainTyped, type TypedQuery } from '../../../src/daemon/operator/explanations.ts'
import { understandOrigin } from '../../../src/daemon/operator/typed-question.ts'
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
  "Access to fetch at 'https://s3.example.com/a' from origin 'https://my-app.xyz' has been blocked":
    'https://my-app.xyz',
}
t.test('an origin out of an address bar is the one that a browser sends', async t => {
  for (const [typed, sent] of Object.entries(origins)) {
    const { allowed, request, notes } = ask({ origin: typed })
    t.equal(allowed, true, typed)
    t.equal(request?.origin, sent)
    t.same(notes, [`a browser sends "${sent}", not "${typed.replaceAll('"', '\\"')}"; that is allowed`])
  }
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
  ]) {
    const { allowed, change, noChange } = ask({ origin })
    t.equal(allowed, false)
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

const urls: readonly { url: string; bucket?: string; reason?: string; noChange?: RegExp }[] = [
  { url: 'https://s3.example.com/my-media/photos/a.jpg', bucket: 'my-media' },
  { url: 's3.example.com/my-media/photos/a.jpg', bucket: 'my-media' },
  { url: 'http://127.0.0.1:8080/my-media/a.jpg?X-Amz-Signature=00', bucket: 'my-media' },
  { url: 'https://my-media.cdn.example.com/a.jpg', bucket: 'my-media' },
  { url: 'https://s3.other.example/my-media/a.jpg', reason: 'unknown_host' },
  { url: 'https://s3.example.com/', noChange: /^the URL names no bucket; expected https:\/\/HOST\/BUCKET\/KEY$/ },
  { url: 'https://s3.example.com//my-media/a', noChange: /^the request is refused with 400: / },
  { url: 'https://s3.example.com/my-meda/a', noChange: /did you mean "my-media"\?$/ },
  { url: 'ftp://s3.example.com/my-media/a', noChange: /is no URL of an object/ },
  { url: 'https://', noChange: /is no URL of an object/ },
]
for (const { url, bucket, reason, noChange } of urls) {
  t.test(`the URL ${url} is read as the proxy reads a request for it`, async t => {
    const explained = ask({ bucket: '', urlOfObject: url, origin: 'https://new.example' })
    if (bucket !== undefined) t.equal(explained.bucket, bucket)
    if (reason !== undefined) {
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
    ['https://my-app.xyz https://other.xyz', /^no browser sends the origin /],
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
    ['GET, HEAD', 'one method is asked about at a time'],
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
