import t from 'tap'
import { isBracketedIpv6, isIpv4Shaped } from '../../src/http/ip-literal.ts'

const ipv4: { name: string; accepted: string[]; rejected: string[] } = {
  name: 'a dotted IPv4 address is four groups of one to three digits',
  accepted: ['127.0.0.1', '192.168.5.4', '255.255.255.255', '999.1.1.1', '0.0.0.0'],
  rejected: [
    '',
    '127.0.0',
    '127.0.0.1.',
    '.127.0.0.1',
    '127..0.1',
    '1271.0.0.1',
    '127.0.0.a',
    '1.2.3.4.5',
    '127.0.0.1/8',
  ],
}
const ipv6: typeof ipv4 = {
  name: 'an IPv6 address of a Host stands in brackets and has no zone',
  accepted: ['[::1]', '[::]', '[2001:db8::7]', '[::ffff:127.0.0.1]', '[2001:DB8::7]'],
  rejected: [
    '',
    '[',
    ']',
    '[]',
    '::1',
    '[::1',
    '::1]',
    '[fe80::1%eth0]',
    '[fe80::1%25eth0]',
    '[1:2]',
    '[::g]',
    '[127.0.0.1]',
  ],
}

t.test(ipv4.name, async t => {
  for (const value of ipv4.accepted) t.equal(isIpv4Shaped(value), true, `accepts '${value}'`)
  for (const value of ipv4.rejected) t.equal(isIpv4Shaped(value), false, `rejects '${value}'`)
})
t.test(ipv6.name, async t => {
  for (const value of ipv6.accepted) t.equal(isBracketedIpv6(value), true, `accepts '${value}'`)
  for (const value of ipv6.rejected) t.equal(isBracketedIpv6(value), false, `rejects '${value}'`)
})
