import { Socket } from 'node:net'
import t from 'tap'
import { ClientMemory, memoryOf, requestBytes } from '../../../src/proxy/shares/client-memory.ts'

/** A connection of which `state` is what it has read and what waits to be written. */
function open(state: { bytesRead: number; writableLength: number; encrypted?: boolean }) {
  const grown: number[] = []
  const socket = new Socket()
  for (const name of ['bytesRead', 'writableLength', 'encrypted'] as const)
    Object.defineProperty(socket, name, { get: () => state[name] })
  const memory = new ClientMemory(
    socket,
    { grew: (_, bytes) => grown.push(bytes), takesChunk: count => count <= 2 },
    0,
    0,
  )
  return { socket, memory, grown, state }
}

t.test('a socket leads to its memory, and one that is no client to none', async t => {
  const { socket, memory } = open({ bytesRead: 0, writableLength: 0 })
  t.equal(memoryOf(socket), memory)
  t.equal(memoryOf(new Socket()), undefined)
})

t.test('a head that is half there is held, up to the longest that is taken', async t => {
  const { memory, state, grown } = open({ bytesRead: 3000, writableLength: 0 })
  memory.moved()
  t.equal(memory.heldBytes(65_536), 3000)
  state.bytesRead = 90_000
  memory.moved()
  t.equal(memory.heldBytes(65_536), 65_536)
  t.strictSame(grown, [3000, 87_000])
})

t.test('what became a request or its content is not', async t => {
  const { memory, state } = open({ bytesRead: 1000, writableLength: 0 })
  memory.moved()
  // Amid the second read: a head is whole, and 400 bytes of content came with it.
  state.bytesRead = 1600
  memory.used(0)
  memory.used(400)
  memory.moved()
  t.equal(memory.heldBytes(65_536), 200, 'the rest of the read')
})

t.test('a request under way costs its objects, its head twice, and what is kept for it', async t => {
  const { memory } = open({ bytesRead: 0, writableLength: 0 })
  const response = { req: { headBytes: 100, heldBytes: 600 }, ownBytes: 0, writableFinished: false, destroyed: false }
  t.equal(memory.isResting, true)
  memory.began(response)
  t.equal(memory.isResting, false)
  t.equal(memory.heldBytes(65_536), requestBytes + 700)
  response.writableFinished = true
  t.strictSame([memory.isResting, memory.heldBytes(65_536)], [true, 0])
})

t.test('what a TLS client does not take is a copy', async t => {
  t.equal(open({ bytesRead: 0, writableLength: 500_000, encrypted: true }).memory.heldBytes(65_536), 500_000)
  t.equal(open({ bytesRead: 0, writableLength: 500_000 }).memory.heldBytes(65_536), 0)
})

t.test('of what any other does not take, heads and answers of the proxy are', async t => {
  const { memory } = open({ bytesRead: 0, writableLength: 500_000 })
  memory.began({ req: { headBytes: 0, heldBytes: 0 }, ownBytes: 60_000, writableFinished: false, destroyed: false })
  t.equal(memory.heldBytes(65_536), requestBytes + 60_000)
})

t.test('whether a small chunk is taken is for the one that watches over all', async t => {
  const { memory } = open({ bytesRead: 0, writableLength: 0 })
  t.strictSame([memory.takesChunk(2), memory.takesChunk(3)], [true, false])
})

t.test(
  'a connection of HTTP/2 rests while no stream is under way, and what moves no content is half a head',
  async t => {
    const { memory, state } = open({ bytesRead: 0, writableLength: 0 })
    const session = { heldBytes: 7, isResting: true }
    memory.session = session
    state.bytesRead = 500
    memory.tickStreams(1000, false)
    t.strictSame([memory.quietSinceMs, memory.restingSinceMs, memory.heldBytes(400)], [1000, 0, 407])
    session.isResting = false
    memory.streamBegan()
    memory.tickStreams(2000, true)
    t.strictSame(
      [memory.quietSinceMs, memory.restingSinceMs, memory.heldBytes(400)],
      [2000, Number.POSITIVE_INFINITY, 7],
    )
    session.isResting = true
    memory.tickStreams(3000, false)
    t.strictSame([memory.quietSinceMs, memory.restingSinceMs, memory.heldBytes(400)], [2000, 3000, 7])
  },
)

t.test('small pieces are joined when what was read is parsed', async t => {
  const { memory } = open({ bytesRead: 0, writableLength: 0 })
  let joined = 0
  memory.parsing = { onParsed: () => joined++ }
  memory.moved()
  memory.moved()
  t.equal(joined, 1)
})
