import { spawnSync } from 'node:child_process'
import t from 'tap'
import { compileRule, methodBit } from '../../../src/cors/decision/compiled-rule.ts'
import { type CorsRule, corsMethods, isCorsMethod } from '../../../src/cors/rules/rule.ts'

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
  const first = compileRule(full, 3)
  t.equal(first.rule, full)
  t.equal(first.index, 3)
  t.equal(first.anyOrigin, false)
  t.equal(first.methods, methodBit('PUT') | methodBit('GET'))
  t.equal(first.methodsLine, 'Access-Control-Allow-Methods: PUT, GET\r\n')
  t.strictSame(first.headers.exact, ['content-type'])
  t.strictSame(first.headers.wildcards, [{ prefix: 'x-amz-', suffix: '' }])
  t.equal(
    first.closingLines,
    'Access-Control-Expose-Headers: ETag, x-amz-Request-Id\r\nAccess-Control-Max-Age: 0\r\nAccess-Control-Allow-Credentials: true\r\n',
  )
  const second = compileRule(bare, 0)
  t.equal(second.anyOrigin, true)
  t.equal(second.closingLines, '', 'no credentials beside *')
})

t.test('a rule is what is decided when it matches, and frozen', async t => {
  const rule = compileRule(full, 0)
  t.match(rule, { allowed: true, reason: 'matched' })
  for (const part of [rule, rule.headers]) t.equal(Object.isFrozen(part), true)
})

t.test('rules that differ in their origins alone share what they say', async t => {
  const one = compileRule(full, 0)
  const other = compileRule({ ...full, id: 'other', allowedOrigins: ['https://c.example'] }, 1)
  t.equal(other.headers, one.headers)
  t.strictSame([other.index, other.rule.id, one.index, one.rule.id], [1, 'other', 0, 'web'])
})

const { id: _, maxAgeSeconds: __, ...ageless } = full
const different: { name: string; rule: CorsRule }[] = [
  { name: 'the literal * among the origins', rule: { ...full, allowedOrigins: [...full.allowedOrigins, '*'] } },
  { name: 'the methods', rule: { ...full, allowedMethods: ['PUT'] } },
  { name: 'the order of the methods', rule: { ...full, allowedMethods: ['GET', 'PUT'] } },
  { name: 'the headers', rule: { ...full, allowedHeaders: ['Content-Type'] } },
  { name: 'where a header ends', rule: { ...full, allowedHeaders: ['Content-Type,X-Amz-*'] } },
  {
    name: 'in which list a name stands',
    rule: { ...full, allowedHeaders: ['Content-Type', 'X-Amz-*', 'ETag'], exposeHeaders: ['x-amz-Request-Id'] },
  },
  { name: 'the exposed headers', rule: { ...full, exposeHeaders: ['ETag'] } },
  { name: 'the age', rule: { ...full, maxAgeSeconds: 1 } },
  { name: 'no age', rule: ageless },
]
t.test('rules that differ in anything else share nothing', async t => {
  const said = (rule: CorsRule) => {
    const { anyOrigin, methods, headers, methodsLine, closingLines } = compileRule(rule, 0)
    return [anyOrigin, methods, headers, methodsLine, closingLines]
  }
  for (const { name, rule } of different) {
    t.notSame(said(rule), said(full), name)
    t.strictSame(said({ ...rule, id: name }), said(rule), `${name}, asked again`)
  }
})

t.test('many answers, and long ones, are not kept', async t => {
  const one = compileRule(bare, 0)
  const long = { ...bare, allowedHeaders: ['x'.repeat(2000)] }
  t.not(compileRule(long, 0).headers, compileRule(long, 0).headers)
  t.equal(compileRule(bare, 0).headers, one.headers)
  for (let age = 0; age < 256; age++) compileRule({ ...bare, maxAgeSeconds: age }, 0)
  const again = compileRule(bare, 0)
  t.not(again.headers, one.headers, 'made anew')
  t.strictSame(again.headers, one.headers, 'and the same')
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

/** Has V8 tell where it keeps the properties of a compiled rule. */
const storage = `
const { compileRule } = await import(${JSON.stringify(new URL('../../../src/cors/decision/compiled-rule.ts', import.meta.url).href)})
const rule = compileRule(${JSON.stringify(full)}, 0);
%DebugPrint(rule)`

t.test('all of a rule stands in one place in memory, as the micro-benchmark of a large table needs it', async t => {
  const { stdout } = spawnSync(process.execPath, ['--allow-natives-syntax', '--input-type=module', '-e', storage], {
    encoding: 'utf8',
  })
  t.match(stdout, 'location: in-object')
  t.notMatch(stdout, /location: properties\[/)
})
