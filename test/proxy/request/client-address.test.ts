import { BlockList } from 'node:net'
import t from 'tap'
import { clientAddress, clientChain } from '../../../src/proxy/request/client-address.ts'

const trusted = new BlockList()
trusted.addSubnet('10.0.0.0', 8, 'ipv4')
trusted.addSubnet('2001:db8::', 64, 'ipv6')
trusted.addSubnet('fe80::', 10, 'ipv6')

const cases: readonly {
  name: string
  peer?: string
  /** The lines of X-Forwarded-For. */
  lines?: readonly string[]
  chain: string
}[] = [
  { name: 'a trusted peer that says nothing is the client', chain: '10.0.0.1' },
  { name: 'a trusted peer names the client', lines: ['203.0.113.9'], chain: '203.0.113.9, 10.0.0.1' },
  {
    name: 'what stands left of the client is its own word',
    lines: ['198.51.100.1, 10.9.9.9, 203.0.113.9'],
    chain: '203.0.113.9, 10.0.0.1',
  },
  {
    name: 'trusted proxies in between are walked through',
    lines: ['198.51.100.1, 203.0.113.9, 10.0.0.3, 10.0.0.2'],
    chain: '203.0.113.9, 10.0.0.3, 10.0.0.2, 10.0.0.1',
  },
  {
    name: 'a chain of trusted addresses alone begins with its first',
    lines: ['10.0.0.3,10.0.0.2'],
    chain: '10.0.0.3, 10.0.0.2, 10.0.0.1',
  },
  {
    name: 'several lines are one list',
    lines: ['198.51.100.1', '203.0.113.9, 10.0.0.3', '10.0.0.2'],
    chain: '203.0.113.9, 10.0.0.3, 10.0.0.2, 10.0.0.1',
  },
  {
    name: 'a peer that is not trusted is the client, whatever it says',
    peer: '192.0.2.1',
    lines: ['203.0.113.9'],
    chain: '192.0.2.1',
  },
  { name: 'a dual-stack socket shows an IPv4 peer', peer: '::ffff:10.0.0.1', lines: ['a'], chain: '10.0.0.1' },
  {
    name: 'a trusted IPv6 peer names the client',
    peer: '2001:db8::1',
    lines: ['2001:db8:1::9'],
    chain: '2001:db8:1::9, 2001:db8::1',
  },
  { name: 'a zone is left out', peer: 'fe80::1%eth0', lines: ['203.0.113.9'], chain: '203.0.113.9, fe80::1' },
  { name: 'a mapped address is the IPv4 address', lines: ['::ffff:203.0.113.9'], chain: '203.0.113.9, 10.0.0.1' },
  ...['::FFFF:203.0.113.9', '::ffff:cb00:7109', '[::ffff:cb00:7109]:443', '0:0:0:0:0:FFFF:CB00:7109'].map(entry => ({
    name: `so is ${entry}`,
    lines: [entry],
    chain: '203.0.113.9, 10.0.0.1',
  })),
  {
    name: 'a trusted proxy is one in every spelling',
    lines: ['203.0.113.9, ::FFFF:10.0.0.2, ::ffff:a00:3'],
    chain: '203.0.113.9, 10.0.0.2, 10.0.0.3, 10.0.0.1',
  },
  { name: 'a port is left out', lines: ['203.0.113.9:4711'], chain: '203.0.113.9, 10.0.0.1' },
  { name: 'brackets are left out', lines: ['[2001:db8:1::9]'], chain: '2001:db8:1::9, 10.0.0.1' },
  { name: 'brackets and a port are left out', lines: ['[2001:db8:1::9]:443'], chain: '2001:db8:1::9, 10.0.0.1' },
  { name: 'whitespace is left out', lines: ['\t 203.0.113.9 ,  10.0.0.2\t'], chain: '203.0.113.9, 10.0.0.2, 10.0.0.1' },
  ...[
    '',
    ' ',
    'unknown',
    '_hidden',
    '203.0.113',
    '203.0.113.09',
    '203.0.113.256',
    '203.0.113.9:',
    '203.0.113.9:080',
    '203.0.113.9 10.0.0.2',
    '\xa0203.0.113.9',
    '"203.0.113.9"',
    'for=203.0.113.9',
    '0xcb007109',
    '[203.0.113.9]',
    '[2001:db8:1::9',
    '[2001:db8:1::9]x',
    '2001:db8:1::9%eth0',
    '203.0.113.0/24',
    'localhost',
    '1'.repeat(5000),
  ].map(entry => ({
    name: `"${entry.slice(0, 20)}" is no address and ends the walk`,
    lines: [`198.51.100.1, ${entry}, 10.0.0.2`],
    chain: '10.0.0.2, 10.0.0.1',
  })),
  { name: 'commas alone end the walk', lines: [',,,'], chain: '10.0.0.1' },
  {
    name: 'the walk is bounded',
    lines: ['203.0.113.9', ...Array.from({ length: 5000 }, () => '10.0.0.2')],
    chain: [...Array.from({ length: 32 }, () => '10.0.0.2'), '10.0.0.1'].join(', '),
  },
]
for (const { name, peer = '10.0.0.1', lines, chain } of cases) {
  t.test(name, async t => {
    const fields = lines?.flatMap((line, i) => [i % 2 === 0 ? 'X-Forwarded-For' : 'x-forwarded-for', line])
    const policy = { mode: 'append', trusted } as const
    t.equal(clientChain(peer, fields, policy), chain)
    t.equal(clientAddress(peer, fields, policy), chain.split(',')[0])
  })
}

for (const mode of ['replace', 'preserve'] as const) {
  t.test(`under ${mode} the peer is the client`, async t => {
    t.equal(clientAddress('10.0.0.1', ['X-Forwarded-For', '203.0.113.9'], { mode, trusted }), '10.0.0.1')
    t.equal(clientAddress('::ffff:192.0.2.1', undefined, { mode, trusted }), '192.0.2.1')
  })
}

t.test('no other field is read', async t => {
  const fields = ['X-Real-IP', '203.0.113.9', 'Forwarded', 'for=203.0.113.9', 'X_Forwarded_For', '203.0.113.9']
  t.equal(clientAddress('10.0.0.1', fields, { mode: 'append', trusted }), '10.0.0.1')
})

t.test('a peer that has left has no address', async t => {
  t.equal(clientAddress(undefined, ['X-Forwarded-For', '203.0.113.9'], { mode: 'append', trusted }), undefined)
})
