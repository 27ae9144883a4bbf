import t from 'tap'
import { hostFieldPattern, isAddressRange, isSerialisedOrigin } from '../../../src/config/schema/host-names.ts'

const cases: readonly {
  what: string
  holds: (text: string) => boolean
  yes: readonly string[]
  no: readonly string[]
}[] = [
  {
    what: 'an address range',
    holds: isAddressRange,
    yes: ['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fd00::/8', '::/128'],
    no: ['', '10.0.0.0/33', '10.0.0/8', 'fd00::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/+8', 'localhost'],
  },
  {
    what: 'a serialised origin',
    holds: isSerialisedOrigin,
    yes: ['https://a.example', 'http://a.example:8080', 'http://[::1]:80'.replace(':80', ':81')],
    no: [
      '',
      'null',
      'a.example',
      'https://a.example/',
      'https://A.example',
      'https://a.example:443',
      'ftp://a.example',
    ],
  },
  {
    what: 'a Host value',
    holds: text => hostFieldPattern.test(text),
    yes: ['console.example.com', 'localhost:9001', '[::1]:9001', '127.0.0.1'],
    no: ['', 'a b', 'a/b', 'http://a', 'a:', '*.a'],
  },
]
for (const { what, holds, yes, no } of cases) {
  t.test(what, async t => {
    for (const text of yes) t.equal(holds(text), true, `'${text}' is ${what}`)
    for (const text of no) t.equal(holds(text), false, `'${text}' is not ${what}`)
  })
}
