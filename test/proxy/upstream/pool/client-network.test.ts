import t from 'tap'
import { clientNetwork } from '../../../../src/proxy/upstream/pool/client-network.ts'

const networks: Readonly<Record<string, string>> = {
  '192.0.2.1': '192.0.2.1',
  '': '',
  '::1': '0:0:0:0::/64',
  '2001:db8::1': '2001:db8:0:0::/64',
  '2001:0DB8:0000:0000:0000:0000:0000:0001': '2001:db8:0:0::/64',
  '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
  '2001:db8:1:2::': '2001:db8:1:2::/64',
  '1::2:3:4:5:6:7': '1:0:2:3::/64',
  '::2:3:4:5:6:7:8': '0:2:3:4::/64',
  '64:ff9b::192.0.2.1': '64:ff9b:0:0::/64',
  '1:2:3::5:6:192.0.2.1': '1:2:3:0::/64',
}
for (const [address, network] of Object.entries(networks)) {
  t.test(`${JSON.stringify(address)} is counted as ${JSON.stringify(network)}`, async t => {
    t.equal(clientNetwork(address), network)
  })
}
