import t from 'tap'
import { isHostName } from '../../src/http/host-name.ts'

t.test('a host name has letters, digits, "-" and "_" between dots', async t => {
  for (const text of ['s3.example.com', 'S3', 'a_b', '10.0.0.1']) t.equal(isHostName(text), true, text)
})

t.test('other text is no host name', async t => {
  const others = ['', '.a', 'a.', 'a..b', '-a', 'a-', '*.a', 'a:80', 'http://a', 'a/b', 'é.example', 'a'.repeat(254)]
  for (const text of others) t.equal(isHostName(text), false, text)
})
