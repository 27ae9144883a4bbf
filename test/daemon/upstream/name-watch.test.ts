import t from 'tap'
import { nothingFound } from '../../../src/daemon/upstream/known-names.ts'
import { logName, nameEvents, namesToProbe, watchNames } from '../../../src/daemon/upstream/name-watch.ts'
import type { FoundNames } from '../../../src/s3/address/host-addressing.ts'
import type { TransportAnswer, TransportFailure } from '../../../src/s3/endpoint/endpoint-transport.ts'
import { parseText } from '../../fixtures/parsed-text.ts'

function configurationOf(text: string) {
  const { configuration } = parseText(text)
  if (configuration === undefined) throw new Error('the configuration has faults')
  return configuration
}

t.test('which names are asked about', async t => {
  const cases: readonly [text: string, bases: readonly string[], hosts: readonly string[], foreign?: false][] = [
    ['upstream: { url: "http://127.0.0.1:9000" }', [], []],
    ['upstream: { url: "http://[::1]:9000" }', [], []],
    ['upstream: { url: "http://minio:9000" }', ['minio'], ['minio']],
    [
      'upstream: { url: "http://minio:9000" }\nvirtualHosts: [s3.example.com, minio]\nhosts: [files.example.com]',
      ['s3.example.com', 'minio'],
      ['files.example.com', 's3.example.com', 'minio'],
    ],
    [
      'upstream: { url: "https://s3.gra.example", host: rewrite }\nvirtualHosts: [m.example.com]\nhosts: [f.example.com]',
      ['s3.gra.example'],
      ['s3.gra.example'],
      false,
    ],
    ['upstream: { url: "http://127.0.0.1:9000", host: rewrite }', [], [], false],
  ]
  for (const [text, bases, hosts, foreign = true] of cases)
    t.strictSame(namesToProbe(configurationOf(`${text}\n`)), { bases, hosts, foreign }, text)
})

const failure: TransportFailure = { kind: 'failure', reason: 'network', detail: 'refused' }
const names = { bases: ['minio'], hosts: [], foreign: true }

/** Waits as often as `steps` says, and then for ever. */
function stepwise(steps: number) {
  const waited: number[] = []
  const done = Promise.withResolvers<void>()
  const wait = (ms: number, signal: AbortSignal) => {
    waited.push(ms)
    if (waited.length <= steps) return Promise.resolve()
    done.resolve()
    return new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
  }
  return { waited, wait, done: done.promise }
}

/** Answers as an endpoint that reads the bucket of `BUCKET.minio` from the path or from the Host. */
function endpointOf(readings: readonly ('path' | 'virtual' | 'other' | 'down')[]) {
  let round = -1
  return async ({
    target,
    headers,
  }: {
    target: string
    headers: readonly string[]
  }): Promise<TransportAnswer | TransportFailure> => {
    const host = headers[1] ?? ''
    const isBase = host.endsWith('.minio')
    if (isBase) round++
    const reading = readings[Math.min(round, readings.length - 1)]
    if (reading === 'down') return failure
    const inPath = target.split('/')[1] ?? ''
    const bucket = reading === 'other' ? 'x' : isBase && reading === 'virtual' ? host.slice(0, -6) : inPath
    const body = Buffer.from(`<Error><Code>NoSuchBucket</Code><BucketName>${bucket}</BucketName></Error>`)
    return { status: 404, headers: [], body }
  }
}

t.test('it asks at once and hourly, sooner while there is no answer, and tells what is new', async t => {
  const told: FoundNames[] = []
  let firstAsked = 0
  const { waited, wait, done } = stepwise(7)
  const watch = watchNames({
    send: endpointOf(['down', 'down', 'virtual', 'virtual', 'down', 'other', 'path', 'path']),
    names,
    onFound: found => told.push(found),
    onAsked: () => firstAsked++,
    wait,
  })
  t.strictSame(watch.known().found, nothingFound, 'nothing is known before')
  t.equal(watch.known().asked, false)
  await done
  t.equal(watch.known().asked, true)
  watch.stop()
  t.strictSame(waited, [2000, 4000, 3_600_000, 3_600_000, 2000, 3_600_000, 3_600_000, 3_600_000])
  t.strictSame(
    told.map(({ bases }) => bases.get('minio')),
    ['virtual', 'path'],
    'what was found holds while the endpoint says nothing else',
  )
  t.equal(firstAsked, 1)
  const { sinceMs } = watch.known()
  t.strictSame([...sinceMs.keys()], ['bases minio', 'foreign '])
  t.ok([...sinceMs.values()].every(ms => Math.abs(Date.now() - ms) < 60_000))
})

t.test('it waits ten seconds at most', async t => {
  const { waited, wait, done } = stepwise(8)
  const watch = watchNames({ send: async () => failure, names, onFound: () => t.fail('nothing is found'), wait })
  await done
  t.equal(watch.known().asked, true, 'an endpoint that does not answer was asked')
  watch.stop()
  t.equal(Math.max(...waited), 10_000)
})

t.test('what comes after it was stopped is not told', async t => {
  const asked = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<TransportAnswer>()
  const watch = watchNames({
    names,
    send: () => {
      asked.resolve()
      return answered.promise
    },
    onFound: () => t.fail('it was stopped'),
  })
  await asked.promise
  watch.stop()
  answered.resolve({ status: 404, headers: [], body: Buffer.from('<Error><Code>X</Code></Error>') })
})

t.test('without names nothing is asked', async t => {
  const send = () => {
    t.fail('nothing is to be asked')
    return Promise.resolve(failure)
  }
  const watch = watchNames({
    names: { bases: [], hosts: [], foreign: false },
    send,
    onFound: () => t.fail('nothing is found'),
  })
  t.equal(watch.known().asked, true)
  watch.stop()
})

t.test('what is new is told by the setting that names it', async t => {
  const configuration = configurationOf(
    'upstream: { url: "http://minio:9000" }\nvirtualHosts: [s3.example.com]\nhosts: [files.example.com]\n',
  )
  const found: FoundNames = {
    bases: new Map([
      ['minio', 'path'],
      ['s3.example.com', 'path'],
    ]),
    hosts: new Map([
      ['files.example.com', 'virtual'],
      ['s3.example.com', 'path'],
    ]),
    foreign: 'path',
  }
  const events = nameEvents(configuration, nothingFound, found)
  t.strictSame(events, [
    { setting: 'upstream.url', name: 'minio', reading: 'path' },
    { setting: 'virtualHosts', name: 's3.example.com', reading: 'path' },
    { setting: 'hosts', name: 'files.example.com', reading: 'virtual' },
  ])
  t.strictSame(nameEvents(configuration, found, found), [])

  const lines: unknown[] = []
  const note = (level: string) => (event: string, fields: unknown) => lines.push([level, event, fields])
  const more = [
    { setting: 'hosts', name: 'a.example', reading: 'path' },
    { setting: 'hosts', name: 'b.example', reading: 'other' },
    { setting: 'virtualHosts', name: 'c.example', reading: 'other' },
  ] as const
  for (const event of [...events, ...more])
    logName(event, { info: note('info'), warn: note('warn') } as Parameters<typeof logName>[1])
  t.match(lines, [
    ['info', 'host_reading', { setting: 'upstream.url', name: 'minio', reading: 'path' }],
    ['warn', 'host_reading', { name: 's3.example.com', reading: 'path', todo: /MINIO_DOMAIN/ }],
    ['warn', 'host_reading', { name: 'files.example.com', reading: 'virtual', todo: /out of hosts, or set/ }],
    ['info', 'host_reading', { setting: 'hosts', name: 'a.example', reading: 'path' }],
    ['warn', 'host_reading', { name: 'b.example', reading: 'other', todo: /out of hosts, or set/ }],
    ['warn', 'host_reading', { name: 'c.example', reading: 'other', todo: /MINIO_DOMAIN/ }],
  ])
})

t.test('with rewrite, a warning says that the endpoint takes no bucket before its own name', async t => {
  const text = (bases: string) => `upstream: { url: "http://minio:9000", host: rewrite }\n${bases}`
  const found: FoundNames = { bases: new Map([['minio', 'path']]), hosts: new Map(), foreign: undefined }
  const [event] = nameEvents(configurationOf(text('virtualHosts: [s3.example]\n')), nothingFound, found)
  t.match(event, { setting: 'virtualHosts', name: 'minio', reading: 'path', isRewritten: true })
  const lines: unknown[] = []
  const note = (level: string) => (_event: string, fields: unknown) => lines.push([level, fields])
  if (event !== undefined) logName(event, { info: note('info'), warn: note('warn') } as Parameters<typeof logName>[1])
  t.match(lines, [['warn', { name: 'minio', todo: /^hosts instead of virtualHosts: / }]])
  t.match(nameEvents(configurationOf(text('')), nothingFound, found), [{ setting: 'upstream.url', reading: 'path' }])
})
