import t from 'tap'
import { IdleFrames } from '../../../src/proxy/http2/idle-frames.ts'

/** One look: what came and went since the one before. */
interface Look {
  readonly read: number
  readonly written?: number
  readonly begun?: number
  readonly content?: number
  /** Requests that were answered before their content came. */
  readonly early?: number
}

const kib = 1024
const mib = 1024 * kib
const often = (look: Look, times: number) => Array.from({ length: times }, () => look)

const cases: readonly { name: string; looks: readonly Look[]; isFlood: boolean }[] = [
  { name: 'a connection that is silent', looks: often({ read: 0 }, 1000), isFlood: false },
  { name: 'a connection that sends a ping now and then', looks: often({ read: 17 }, 1000), isFlood: false },
  { name: 'settings and priorities of a beginning', looks: [{ read: 100 * kib }], isFlood: false },
  {
    name: 'a hundred requests at once, each with 8 KiB of cookies',
    looks: [{ read: 800 * kib, begun: 100 }],
    isFlood: false,
  },
  {
    name: 'an upload in frames of 100 bytes',
    looks: often({ read: 1.09 * mib, content: mib }, 100),
    isFlood: false,
  },
  {
    name: 'a download of 500 MB/s, with two updates for 16 KiB',
    looks: often({ read: ((125 * mib) / 16 / kib) * 26, written: 125 * mib }, 100),
    isFlood: false,
  },
  {
    name: 'the content of three uploads that were refused',
    looks: [{ read: 750 * kib, begun: 3, early: 3 }],
    isFlood: false,
  },
  {
    name: 'such content after a second',
    looks: [{ read: 0, begun: 3, early: 3 }, ...often({ read: 0 }, 4), { read: 750 * kib }],
    isFlood: false,
  },
  { name: 'one head of a mebibyte', looks: [{ read: mib, begun: 1 }], isFlood: false },
  {
    name: 'a stream of refused uploads, with more than a window can bring',
    looks: often({ read: mib, begun: 4, early: 4 }, 8),
    isFlood: true,
  },
  { name: 'a stream of pings', looks: [{ read: mib }], isFlood: true },
  { name: 'a slower stream of pings', looks: often({ read: 32 * kib }, 10), isFlood: true },
  { name: 'pings beside requests', looks: often({ read: mib, begun: 3 }, 2), isFlood: true },
  { name: 'updates beside a small download', looks: often({ read: mib, written: 100 * kib }, 2), isFlood: true },
]
for (const { name, looks, isFlood } of cases) {
  t.test(`${name} is ${isFlood ? 'a' : 'no'} flood`, async t => {
    const frames = new IdleFrames(mib, 0)
    const socket = { bytesRead: 0, bytesWritten: 0 }
    const found = looks.map(({ read, written = 0, begun = 0, content = 0, early = 0 }, index) => {
      socket.bytesRead += read
      socket.bytesWritten += written
      for (let one = 0; one < early; one++) frames.forgive(256 * kib)
      const headerBytes = name.includes('mebibyte') ? mib : 64 * kib
      return frames.isFlood(socket, { requests: begun, contentBytes: content, headerBytes }, 250 * (index + 1))
    })
    t.equal(found.includes(true), isFlood)
  })
}
