import t from 'tap'
import type { Snapshot } from '../../src/config/load-configuration.ts'
import { packSnapshot, unpackSnapshot } from '../../src/config/packed-snapshot.ts'
import { IncompleteParcel } from '../../src/config/parcel.ts'
import { contentOf } from '../fixtures/parsed-text.ts'

const source = { file: 'a.yaml', environment: { S3CORS_LISTEN: ':1' }, flags: { vary: 'matched' } }
const cases: readonly { name: string; snapshot: Snapshot }[] = [
  { name: 'no file', snapshot: new Map() },
  { name: 'a file', snapshot: new Map([['a.yaml', contentOf('ä: 1\n')]]) },
  {
    name: 'an empty one, one that could not be read, and one that is no text',
    snapshot: new Map([
      ['a.yaml', contentOf('')],
      ['b.json', { kind: 'failed', message: 'the file does not exist' }],
      ['c.xml', contentOf(Uint8Array.of(0, 255, 10))],
    ]),
  },
]
for (const { name, snapshot } of cases) {
  t.test(`a snapshot of ${name} is whole again after it crossed processes`, async t => {
    const received = unpackSnapshot([Buffer.concat(packSnapshot(source, snapshot))])
    t.strictSame(received.source, source)
    t.strictSame(plain(received.snapshot), plain(snapshot))
  })
}

t.test('half of a snapshot is none', async t => {
  const whole = Buffer.concat(packSnapshot(source, new Map([['a.yaml', contentOf('a: 1\n')]])))
  t.throws(() => unpackSnapshot([whole.subarray(0, -1)]), IncompleteParcel)
})

function plain(snapshot: Snapshot) {
  return Array.from(snapshot, ([path, content]) => {
    return [path, content.kind === 'bytes' ? [...content.bytes] : content.message]
  })
}
