import t from 'tap'
import { isLoopback, parseAddress } from '../../../src/config/schema/address.ts'

const cases: readonly { text: string; expected: ReturnType<typeof parseAddress> }[] = [
  { text: '0.0.0.0:8080', expected: { host: '0.0.0.0', port: 8080 } },
  { text: ':8080', expected: { host: '', port: 8080 } },
  { text: '[::1]:9464', expected: { host: '::1', port: 9464 } },
  { text: '[::]:0', expected: { host: '::', port: 0 } },
  { text: 'LocalHost:65535', expected: { host: 'localhost', port: 65_535 } },
  { text: 'localhost:65536', expected: undefined },
  { text: '8080', expected: undefined },
  { text: '127.0.0.1', expected: undefined },
  { text: '127.0.0.1:', expected: undefined },
  { text: '::1:9464', expected: undefined },
  { text: '[::zz]:1', expected: undefined },
  { text: '[1:2]:1', expected: undefined },
  { text: 'http://a:80', expected: undefined },
  { text: 'a:80 ', expected: undefined },
  { text: 'a:0x50', expected: undefined },
  { text: '', expected: undefined },
]

for (const { text, expected } of cases) {
  t.test(`"${text}" is ${expected === undefined ? 'no address' : 'an address'}`, async t => {
    t.strictSame(parseAddress(text), expected)
  })
}

t.test('only this machine reaches a loopback address', async t => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) t.equal(isLoopback(host), true, host)
  for (const host of ['', '0.0.0.0', '::', '10.0.0.1', '127.example.com']) t.equal(isLoopback(host), false, host)
})
