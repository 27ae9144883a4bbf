import { createServer } from 'node:net'
import t from 'tap'
import { describePortOwner, findPortOwner } from '../../../src/daemon/process/port-owner.ts'
import { freePorts } from '../../servers/free-ports.ts'

t.test('the process that listens on a port is found, on either family, and none on a free one', async t => {
  for (const host of ['127.0.0.1', '::']) {
    const server = createServer().listen(0, host)
    t.teardown(() => server.close())
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const owner = findPortOwner(port)
    t.equal(owner?.pid, process.pid)
    // Not MainThread, as Node calls the thread.
    t.match(
      owner && describePortOwner(owner),
      new RegExp(`^process ${process.pid} \\(node .*port-owner\\.test\\.ts\\)$`),
    )
  }
  const [free = 0] = await freePorts(1)
  t.equal(findPortOwner(free), undefined)
  t.equal(describePortOwner({}), 'a process of another user')
})
