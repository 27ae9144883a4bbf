import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import t from 'tap'
import { surviveWriteErrors } from '../../../src/proxy/node/write-errors.ts'
import { settled } from '../../fixtures/fake-clock.ts'
import { socketError } from '../../fixtures/fake-socket.ts'

const cases: { code: string; survives: boolean }[] = [
  { code: 'EPIPE', survives: true },
  { code: 'ECONNRESET', survives: true },
  { code: 'EBADF', survives: false },
  { code: 'ECANCELED', survives: false },
]
for (const { code, survives } of cases) {
  for (const corked of [false, true]) {
    t.test(
      `a ${corked ? 'gathered ' : ''}write that fails with ${code} ${survives ? 'leaves the socket readable' : 'ends it'}`,
      async t => {
        const failed = socketError(code)
        const socket = new Duplex({
          read() {},
          write: (_chunk, _encoding, callback) => callback(failed),
          writev: (_chunks, callback) => callback(failed),
        })
        const errors: unknown[] = []
        socket.on('error', error => errors.push(error))
        surviveWriteErrors(socket as Partial<Socket> as Socket)
        if (corked) socket.cork()
        socket.write('a')
        socket.write('b')
        if (corked) socket.uncork()
        await settled()
        t.equal(socket.destroyed, !survives)
        t.strictSame(errors, survives ? [] : [failed])
      },
    )
  }
}
