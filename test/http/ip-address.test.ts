import { BlockList, isIP, SocketAddress } from 'node:net'
import t from 'tap'
import { ipv6Groups, plainAddress } from '../../src/http/ip-address.ts'

const cases: Readonly<Record<string, string>> = {
  '192.0.2.1': '192.0.2.1',
  '::ffff:192.0.2.1': '192.0.2.1',
  '::FFFF:192.0.2.1': '192.0.2.1',
  '::fFfF:c000:201': '192.0.2.1',
  '::ffff:c000:0201': '192.0.2.1',
  '::ffff:0:0': '0.0.0.0',
  '::ffff:ffff:ffff': '255.255.255.255',
  '0:0:0:0:0:ffff:192.0.2.1': '192.0.2.1',
  '0000:0000:0000:0000:0000:ffff:c000:0201': '192.0.2.1',
  '0::0:ffff:c000:201': '192.0.2.1',
  '0:0::ffff:192.0.2.1': '192.0.2.1',
  '::ffff:192.0.2.1%eth0': '192.0.2.1',
  // Not mapped, though near to it.
  '::192.0.2.1': '::192.0.2.1',
  '::c000:201': '::c000:201',
  '::fffe:192.0.2.1': '::fffe:192.0.2.1',
  '::ffff:0:192.0.2.1': '::ffff:0:192.0.2.1',
  '1::ffff:192.0.2.1': '1::ffff:192.0.2.1',
  '0:1::ffff:192.0.2.1': '0:1::ffff:192.0.2.1',
  '64:ff9b::192.0.2.1': '64:ff9b::192.0.2.1',
  '::1': '::1',
  '::': '::',
  'fe80::1%eth0': 'fe80::1',
  '2001:DB8::1': '2001:DB8::1',
  '': '',
}
for (const [address, plain] of Object.entries(cases)) {
  t.test(`"${address}" is written as "${plain}"`, async t => {
    t.equal(plainAddress(address), plain)
    const [zoneless = ''] = address.split('%')
    if (isIP(zoneless) !== 6) return
    const list = new BlockList()
    list.addAddress(zoneless, 'ipv6')
    t.ok(list.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6'), 'as Node compares addresses')
    const groups = ipv6Groups(zoneless)
    t.equal(groups.length, 8)
    const written = new SocketAddress({ address: groups.map(group => group.toString(16)).join(':'), family: 'ipv6' })
    t.equal(written.address, new SocketAddress({ address: zoneless, family: 'ipv6' }).address)
  })
}
