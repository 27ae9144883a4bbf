// What a stranger, or an endpoint, chooses as a name (path, Host, Origin, method, header names, IDs of rules, error texts): it stays
// text in every line of the log, in the metrics, in the JSON and YAML of the admin port, and on its page.

import t from 'tap'
import { parse } from 'yaml'
import { formatPretty } from '../../src/telemetry/log/log-pretty.ts'
import { askAdmin } from '../clients/http-request.ts'
import { parseExposition } from '../fixtures/exposition.ts'
import { until } from '../fixtures/patience.ts'
import { raw } from '../fixtures/raw-client.ts'
import { answerOf, setUp } from './upstream-setup.ts'

t.setTimeout(240_000)

/** What steers a terminal, an editor or a reader of lines. */
const steering = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/

/** As a client can send them: bytes, of which some are UTF-8. */
const names = [
  '<script>forged()</script>',
  '"><img src=x onerror=forged()>',
  "' onmouseover='forged()",
  '</code></td><svg/onload=forged()>',
  '"},forged="',
  'a"} 1 forged{b="',
  '\\"} forged 1 #',
  '","event":"forged","x":"',
  'a level=fatal event=forged',
  ': forged # comment',
  '# forged',
  '- forged',
  '&forged *forged !forged',
  '{forged: [forged',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'other',
  'invalid',
  '%0aforged',
  '%0d%0aforged: 1',
  '%e2%80%a8forged',
  '%1b[2Jforged',
  '\u2028forged',
  '\u2029forged',
  '\u0085forged',
  '\u009b2Jforged',
  '\u202eforged\u2066',
  '\ufeffforged',
  '\u0130\u0131forged',
  'k'.repeat(3000),
].map(name => Buffer.from(name).toString('latin1'))

/** In the proxy's own guards these end the request; the log has to say so without them. */
const controls = ['\tforged', '\u0000forged', '\u001b[31mforged', '\rforged', '\u007fforged']

const hostileXml =
  '<CORSConfiguration><CORSRule><ID>&lt;script&gt;forged()&lt;/script&gt;&#x202e;&#x2028;&quot;},forged=&quot;</ID><AllowedOrigin>https://app.example</AllowedOrigin><AllowedOrigin>https://&lt;script&gt;forged*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><ExposeHeader>x-&#10;forged</ExposeHeader></CORSRule><_forged_/></CORSConfiguration>'
const hostileError =
  '<Error><Code>&lt;script&gt;forged()&#x202e;&#x85;</Code><Message>&lt;img src=x onerror=forged()&gt;&#10;{"event":"forged"}</Message></Error>'

const tags = /<\/?([^\s>/]+)([^>]*)>/g

/** The first place that steers, with what is around it; undefined where there is none. */
function steeringIn(text: string): string | undefined {
  const at = text.search(steering)
  return at === -1 ? undefined : JSON.stringify(text.slice(Math.max(0, at - 200), at + 100))
}

t.test('hostile names stay text', async t => {
  const { proxy } = await setUp(t, {
    buckets: '  "live": { from: upstream }\n  "broken": { from: upstream }\n  "*": { from: upstream }\n',
    cors: ({ target }) => (target.startsWith('/live') ? answerOf(200, hostileXml) : answerOf(400, hostileError)),
  })
  const send = (bytes: string) => raw(proxy.port, bytes, 5000)
  const request = (method: string, target: string, host: string, fields: readonly string[]) =>
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${fields.map(field => `${field}\r\n`).join('')}\r\n`
  for (const name of [...names, ...controls]) {
    const asked = `Access-Control-Request-Method: ${name}`
    const listed = `Access-Control-Request-Headers: ${name}, x-a`
    const segment = name.replaceAll(' ', '%20')
    await Promise.all(
      [
        request('GET', `/live/${segment}`, '127.0.0.1', [`Origin: ${name}`]),
        request('GET', `/${segment}/k`, '127.0.0.1', ['Origin: https://seen.example']),
        request('GET', '/k', segment, ['Origin: https://seen.example']),
        request('GET', '/broken/k', '127.0.0.1', [`Origin: https://${name}`]),
        request('OPTIONS', '/live/k', '127.0.0.1', ['Origin: https://seen.example', asked]),
        request('OPTIONS', '/live/k', '127.0.0.1', [
          'Origin: https://seen.example',
          'Access-Control-Request-Method: GET',
          listed,
        ]),
        request(name, '/live/k', '127.0.0.1', ['Origin: https://seen.example']),
        request('GET', `/live/k?${segment}=${segment}`, '127.0.0.1', [`${name}: ${name}`]),
        request('GET', '/live/k', '127.0.0.1', [`X-Forwarded-For: ${name}`, `Authorization: ${name}`]),
      ].map(send),
    )
  }
  const get = async (path: string) => {
    const { status, body } = await askAdmin({ url: proxy.adminUrl + path, headers: { Accept: 'text/html' } })
    return { status, text: String(body) }
  }
  await until(() => proxy.logs().includes('"rules_with_faults"'))

  const encoded = [...names, ...controls].map(name => encodeURIComponent(Buffer.from(name, 'latin1').toString()))
  for (const name of encoded) {
    for (const path of [
      `/explain?bucket=${name}&origin=${name}&method=${name}&header=${name}`,
      `/explain?url-of-object=${name}&origin=${name}`,
      `/buckets/${name}`,
      `/buckets/${name}/suggestion`,
      `/origins?bucket=${name}`,
    ]) {
      const { text } = await get(path)
      t.equal(steeringIn(text), undefined, path)
    }
    await askAdmin({
      url: `${proxy.adminUrl}/buckets/${name}/refresh`,
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
    })
  }

  for (const path of ['/origins', '/buckets', '/status']) {
    const { status, text } = await get(path)
    t.equal(status, 200)
    t.equal(steeringIn(text), undefined, path)
    const keys: string[] = []
    JSON.parse(text, (key, value: unknown) => {
      if (!/^\d*$/.test(key)) keys.push(key)
      return value
    })
    t.strictSame(
      keys.filter(key => !/^[A-Za-z][A-Za-z0-9]{1,23}$/.test(key) || key === 'constructor'),
      [],
      `keys of ${path}`,
    )
  }

  for (const path of ['/buckets/live', '/buckets/live/suggestion', '/buckets/broken/suggestion']) {
    const { status, text } = await get(path)
    if (status !== 200) continue
    t.match(text, /^[\n -~]*$/, path)
    const lines = text.split('\n').filter(line => !/^\s*#/.test(line))
    t.doesNotThrow(() => parse(lines.join('\n')), path)
    const { buckets } = parse(text) as { buckets: Record<string, unknown> }
    t.strictSame(Object.keys(buckets), Object.keys(buckets).length === 0 ? [] : [path.split('/')[2]], path)
  }

  const metrics = (await get('/metrics')).text
  t.equal(steeringIn(metrics), undefined)
  for (const { name, labels } of parseExposition(metrics)) {
    if (!/^(?:s3cors|process|nodejs)_/.test(name)) t.fail(`a metric ${name}`)
    // IDs of rules are the operator's, or the bucket owner's: they are values, and escaped.
    const { rule, id, ...others } = labels
    t.notMatch(JSON.stringify(others), /forged|k{100}/, name)
    if (Object.keys(labels).includes('forged')) t.fail(`a label of ${name}`)
  }

  for (const query of [
    '',
    '?bucket=live&origin=https%3A%2F%2F%3Cscript%3Eforged',
    `?search=${encoded[0]}`,
    `?bucket=${encoded[1]}&origin=${encoded[2]}&method=${encoded[3]}&header=${encoded[4]}`,
  ]) {
    const { text } = await get(`/${query}`)
    t.equal(steeringIn(text), undefined, query)
    const found = [...text.matchAll(tags)]
    t.ok(found.length > 50)
    for (const [tag, name = '', rest = ''] of found) {
      if (
        /^(?:img|svg)$/i.test(name) ||
        /\son[a-z]+=/i.test(rest.replaceAll(/"[^"]*"/g, '')) ||
        (name === 'script' && !/^ src="\/page\.js" defer$/.test(rest) && !tag.startsWith('</'))
      )
        t.fail(`on the page ${query}: ${tag}`)
    }
  }

  const lines = proxy.logs().trimEnd().split('\n')
  t.ok(lines.length > 200, `${lines.length} lines`)
  const events = new Set<unknown>()
  for (const line of lines) {
    t.equal(steeringIn(line), undefined)
    const fields = JSON.parse(line) as Record<string, unknown>
    events.add(fields.event)
    if (typeof fields.level !== 'string' || typeof fields.time !== 'string') t.fail(line)
    const strange = Object.keys(fields).filter(
      key => !/^[A-Za-z][A-Za-z0-9]{1,23}$/.test(key) || /forged|__|constructor/.test(key),
    )
    if (strange.length > 0) t.fail(`keys ${strange.join()}: ${line}`)
    if (line.length > 20_000) t.fail(`a line of ${line.length} characters`)
    const shown = formatPretty(line, false)
    t.equal(steeringIn(shown), undefined)
    for (const [place, each] of shown.trimEnd().split('\n').entries())
      if (place > 0 && !/^ {2}/.test(each)) t.fail(`a line of its own: ${each}`)
  }
  t.notOk(events.has('forged'), [...events].join())
})
