import t from 'tap'
import type { ClientResponse } from '../../../../src/proxy/client/client-response.ts'
import { Expectation } from '../../../../src/proxy/upstream/request/expectation.ts'

/** What happens to an expectation, in words. */
function setUp() {
  const heard: string[] = []
  const response = { writeContinue: () => heard.push('100') } as Partial<ClientResponse> as ClientResponse
  return { heard, expectation: new Expectation(response) }
}

t.test('the endpoint meets it, once', async t => {
  const { heard, expectation } = setUp()
  expectation.onContinue()
  t.strictSame([...heard, expectation.isMet], [false], 'not before it was left to the endpoint')
  expectation.leaveToEndpoint(() => heard.push('met'))
  expectation.onContinue()
  expectation.onContinue()
  t.strictSame([...heard, expectation.isMet], ['100', 'met', true])
})

t.test('an endpoint that says nothing leaves the client waiting for a while only', async t => {
  const { heard, expectation } = setUp()
  await new Promise<void>(resolve => expectation.leaveToEndpoint(resolve))
  t.strictSame(heard, ['100'])
})

t.test('the proxy meets it itself', async t => {
  const { heard, expectation } = setUp()
  expectation.meet()
  t.strictSame([...heard, expectation.isMet], ['100', true])
})

t.test('one that is dropped is met no more', async t => {
  const { heard, expectation } = setUp()
  expectation.leaveToEndpoint(() => heard.push('met'))
  expectation.drop()
  expectation.onContinue()
  t.strictSame([...heard, expectation.isMet], [false])
})
