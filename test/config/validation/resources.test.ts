import { totalmem } from 'node:os'
import t from 'tap'
import { readOpenFiles, readResources } from '../../../src/config/validation/resources.ts'

const limits = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax processes             96551                96551                processes\nMax open files            ${soft}                20000                files\n`

t.test('the soft limit of open files counts', async t => {
  t.equal(
    readOpenFiles(() => limits('1024')),
    1024,
  )
  t.equal(
    readOpenFiles(() => limits('unlimited')),
    undefined,
  )
  t.equal(
    readOpenFiles(() => ''),
    undefined,
  )
})

t.test('where the system does not tell, nothing is known', async t => {
  t.equal(
    readOpenFiles(() => {
      throw new Error('ENOENT')
    }),
    undefined,
  )
})

t.test('memory is at most that of the machine', async t => {
  const { memoryBytes, heapBytes } = readResources()
  t.ok(memoryBytes > 0 && memoryBytes <= totalmem())
  t.ok(heapBytes > 0)
})
