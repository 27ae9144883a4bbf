import t from 'tap'
import { createRenewalLook } from '../../../src/daemon/upstream/renewed-files.ts'
import type { ConfigurationFiles } from '../../../src/daemon/upstream/tls-files.ts'

const filesOf = (server: string, ca?: string): ConfigurationFiles => ({
  upstream: { ca: ca === undefined ? undefined : Buffer.from(ca) },
  certificate: { cert: Buffer.from(server), key: Buffer.from('key') },
})

/** What each read finds; an error is a pair of files that do not belong together. */
type Reads = readonly (ConfigurationFiles | Error)[]

async function lookAt(reads: Reads, looks = 1) {
  const left = [...reads]
  const renewed: ConfigurationFiles[] = []
  const reported: string[] = []
  let inForce = filesOf('old')
  const look = createRenewalLook({
    async read() {
      const found = left.shift()
      if (found === undefined) throw new Error('read once too often')
      if (found instanceof Error) throw found
      return found
    },
    inForce: () => inForce,
    renew(files) {
      inForce = files
      renewed.push(files)
    },
    report: fault => reported.push(fault === undefined ? 'usable' : String(fault)),
    sleep: async () => undefined,
  })
  for (let n = 0; n < looks; n++) await look()
  return { renewed, reported, left: left.length }
}

const old = filesOf('old')
const next = filesOf('new')
const torn = filesOf('ne')
const mismatch = new Error('key values mismatch')

const cases: readonly {
  name: string
  reads: Reads
  looks?: number
  renewed?: readonly ConfigurationFiles[]
  reported?: readonly string[]
}[] = [
  { name: 'what is in force is read once', reads: [old] },
  { name: 'what two reads agree on is put into force', reads: [next, next], renewed: [next] },
  {
    name: 'renewed authorities are renewed files, too',
    reads: [filesOf('old', 'ca'), filesOf('old', 'ca')],
    renewed: [filesOf('old', 'ca')],
  },
  { name: 'what is being written waits for the next look', reads: [torn, next, next, next], looks: 2, renewed: [next] },
  {
    name: 'a pair that was half replaced at the first read is no fault',
    reads: [mismatch, next, next, next],
    looks: 2,
    renewed: [next],
  },
  {
    name: 'a fault that stays is told once, and changes nothing',
    reads: [mismatch, mismatch, mismatch, mismatch],
    looks: 2,
    reported: ['Error: key values mismatch'],
  },
  {
    name: 'another fault is told, and the end of all',
    reads: [mismatch, mismatch, mismatch, new Error('cannot be read'), old],
    looks: 3,
    reported: ['Error: key values mismatch', 'Error: cannot be read', 'usable'],
  },
  {
    name: 'the end of a fault by a renewal is told after it',
    reads: [mismatch, mismatch, next, next],
    looks: 2,
    renewed: [next],
    reported: ['Error: key values mismatch', 'usable'],
  },
]
for (const { name, reads, looks = 1, renewed = [], reported = [] } of cases) {
  t.test(name, async t => {
    t.strictSame(await lookAt(reads, looks), { renewed, reported, left: 0 })
  })
}

t.test('a reload between the two reads has read the files itself', async t => {
  let inForce = old
  const look = createRenewalLook({
    read: async () => next,
    inForce: () => inForce,
    renew: () => t.fail('renewed'),
    report: () => t.fail('reported'),
    sleep: async () => {
      inForce = filesOf('of the reload')
    },
  })
  await look()
})
