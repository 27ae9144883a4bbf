import type { Socket } from 'node:net'
import t from 'tap'
import { GatheredReads } from '../../../src/proxy/upstream/gathered-reads.ts'
import { settled } from '../../fixtures/fake-clock.ts'

const kib = 1024

/** A connection that awaits `remainingBytes` of content and reads into `bufferBytes`; `heard` is what it is given. */
function setUp(remainingBytes: number, bufferBytes = 512 * kib) {
  const heard: string[] = []
  const reading: string[] = []
  const buffers: Buffer[] = []
  const reader = {
    remainingBytes,
    paused: false,
    /** The client takes all of it. */
    takes: true,
    nextBuffer() {
      const buffer = Buffer.alloc(bufferBytes)
      buffers.push(buffer)
      return buffer
    },
    read(bytesRead: number, buffer: Buffer) {
      heard.push(buffer.toString('latin1', 0, bytesRead))
      reader.remainingBytes = Math.max(0, reader.remainingBytes - bytesRead)
      reader.paused = !reader.takes
      return !reader.paused
    },
  }
  const socket = { pause: () => reading.push('pause'), resume: () => reading.push('resume') }
  const gathered = new GatheredReads(socket as unknown as Socket, reader)
  // One buffer for all, overwritten by each.
  const record = Buffer.alloc(16 * kib)
  const add = (text: string) => gathered.add(record.write(text, 'latin1'), record)
  return { reader, gathered, add, heard, reading, buffers }
}

t.test('what is not content is passed on at once', async t => {
  const { add, heard } = setUp(0)
  t.equal(add('head'), true)
  t.strictSame(heard, ['head'])
})

t.test('records of content are passed on together, once in a turn of the event loop', async t => {
  const { add, heard, reading, buffers } = setUp(100)
  for (const text of ['one ', 'two ', 'three']) t.equal(add(text), true)
  t.strictSame(heard, [])
  await settled()
  t.strictSame(heard, ['one two three'])
  add('four')
  await settled()
  t.strictSame(heard, ['one two three', 'four'])
  t.equal(buffers.length, 2, 'a buffer is asked for once a turn')
  t.strictSame(reading, [], 'reading went on')
})

t.test('what completes a response is passed on at once, with what came before', async t => {
  const { add, heard } = setUp(7)
  add('one ')
  add('two')
  t.strictSame(heard, ['one two'])
  await settled()
  t.strictSame(heard, ['one two'], 'and once')
})

t.test('what comes beyond the end of a response is passed on with it', async t => {
  const { add, heard } = setUp(5)
  add('one ')
  add('two')
  t.strictSame(heard, ['one two'])
})

t.test('what was gathered is passed on before the end of the connection is told', async t => {
  const { gathered, add, heard } = setUp(100)
  add('one')
  t.equal(gathered.pass(), true)
  t.equal(gathered.pass(), true, 'there is nothing more')
  t.strictSame(heard, ['one'])
})

t.test('a client that does not take all of it stops the reading', async t => {
  const { reader, add, heard, reading } = setUp(1000)
  reader.takes = false
  add('one')
  await settled()
  t.strictSame(reading, ['pause'])
  t.equal(add('two'), false, 'what comes all the same')
  t.equal(add('three'), false)
  t.strictSame(heard, ['one', 'two', 'three'], 'is kept apart from what is not sent yet')
})

t.test('without room for what may still come, reading stops until the turn is over', async t => {
  const { add, heard, reading } = setUp(1000 * kib, 112 * kib)
  const whole = 'x'.repeat(16 * kib)
  t.equal(add(whole), true, 'there is room for 80 KiB and more')
  t.equal(add(whole), true)
  for (let i = 0; i < 5; i++) t.equal(add(whole), false)
  t.strictSame(heard, [])
  await settled()
  t.strictSame(
    heard.map(text => text.length),
    [112 * kib],
  )
  t.strictSame(reading, ['resume'])
})

for (const takes of [true, false]) {
  t.test(
    `what does not fit comes after the rest, with a client that ${takes ? 'takes' : 'does not take'} it`,
    async t => {
      const { reader, add, heard, reading, buffers } = setUp(1000, 8)
      reader.takes = takes
      add('12345')
      add('6789')
      t.strictSame(heard, takes ? ['12345'] : ['12345', '6789'])
      await settled()
      t.strictSame(heard, ['12345', '6789'])
      t.strictSame(reading, takes ? ['resume'] : ['pause'])
      t.equal(buffers[0]?.toString('latin1', 0, 5), '12345', 'what may not be sent yet was not overwritten')
    },
  )
}
