import t from 'tap'
import { compilePolicy, isCorsMethod, methodBit } from '../../src/cors/policy.ts'
import { type CorsRule, corsMethods } from '../../src/cors/rule.ts'

const full: CorsRule = {
  id: 'web',
  allowedOrigins: ['https://a.example', 'https://*.b.example'],
  allowedMethods: ['PUT', 'GET'],
  allowedHeaders: ['Content-Type', 'X-Amz-*'],
  exposeHeaders: ['ETag', 'x-amz-Request-Id'],
  maxAgeSeconds: 0,
}
const bare: CorsRule = { allowedOrigins: ['*'], allowedMethods: ['HEAD'], allowedHeaders: [], exposeHeaders: [] }

t.test('everything that needs no request is made ahead', async t => {
  const configuration = [full, bare]
  const policy = compilePolicy(configuration)
  t.equal(policy.configuration, configuration)
  const [first, second] = policy.rules
  t.equal(first?.rule, full)
  t.equal(first?.index, 0)
  t.equal(first?.anyOrigin, false)
  t.equal(first?.methodsLine, 'Access-Control-Allow-Methods: PUT, GET\r\n')
  t.strictSame(first?.headers.exact, ['content-type'])
  t.strictSame(first?.headers.wildcards, [{ prefix: 'x-amz-', suffix: '' }])
  t.equal(
    first?.closingLines,
    'Access-Control-Expose-Headers: ETag, x-amz-Request-Id\r\nAccess-Control-Max-Age: 0\r\nAccess-Control-Allow-Credentials: true\r\n',
  )
  t.equal(second?.index, 1)
  t.equal(second?.anyOrigin, true)
  t.equal(second?.closingLines, '', 'no credentials beside *')
})

t.test('a rule and its decision hold each other, and are frozen', async t => {
  const [rule] = compilePolicy([full]).rules
  t.equal(rule?.decision.allowed, true)
  t.equal(rule?.decision.reason, 'matched')
  if (rule?.decision.allowed) t.equal(rule.decision.rule, rule)
  for (const part of [rule, rule?.decision, rule?.origins, rule?.headers, compilePolicy([]).rules]) {
    t.equal(Object.isFrozen(part), true)
  }
})

t.test('origins are compared as the bytes that UTF-8 makes of them', async t => {
  const [rule] = compilePolicy([{ ...bare, allowedOrigins: ['https://\u00e4.example'] }]).rules
  t.strictSame(rule?.origins.exact, ['https://\u00c3\u00a4.example'])
})

t.test('each of the five methods has a bit of its own, and nothing else has one', async t => {
  const bits = corsMethods.map(methodBit)
  t.equal(new Set(bits).size, corsMethods.length)
  for (const bit of bits) t.equal(bit & (bit - 1), 0)
  for (const method of ['get', 'GET ', 'OPTIONS', 'PATCH', '', '*']) {
    t.equal(methodBit(method), 0, `'${method}'`)
    t.equal(isCorsMethod(method), false, `'${method}'`)
  }
  for (const method of corsMethods) t.equal(isCorsMethod(method), true, method)
})
