// The conformance tests of h2spec, strict ones too: what nghttp2, which parses for Node, answers otherwise is named here.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { howToGetTools } from '../deploy/tools.ts'
import { execFile } from '../fixtures/children.ts'
import { startRecordingUpstream } from '../fixtures/recording-upstream.ts'
import { startTestProxy } from '../fixtures/test-proxy.ts'
import { goodTarget } from '../fixtures/well-being.ts'
import { builtTool, findExecutable, skipWithout } from '../servers/installed.ts'

t.setTimeout(300_000)

const program = findExecutable(builtTool('h2spec'), 'h2spec')

/** Tests that nghttp2 fails, and what it does. None hands a request to the proxy that the client did not send whole. */
const deviations: Readonly<Record<string, string>> = {
  'closed: Sends a DATA frame after sending RST_STREAM frame': 'drops the frame',
  'closed: Sends a HEADERS frame after sending RST_STREAM frame': 'drops the frame',
  'closed: Sends a DATA frame': 'drops the frame',
  'closed: Sends a HEADERS frame': 'drops the frame',
  'Sends stream identifier that is numerically smaller than previous': 'drops the frame',
  'Sends PRIORITY frame that depend on itself': 'ignores priorities, which RFC 9113 deprecates',
  'Sends a PRIORITY frame with 0x0 stream identifier': 'ignores priorities, which RFC 9113 deprecates',
  'Sends a PING frame with ACK': 'Node ends the connection for an acknowledgement of no PING',
  'Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream':
    'ends the connection instead of the stream',
}

t.test('h2spec', { skip: skipWithout('h2spec', program !== undefined, howToGetTools) }, async t => {
  const upstream = await startRecordingUpstream(t)
  // Node 22 is not told of the end of some of these connections: their limits end them.
  const limits = { idleSeconds: 6, keepAliveSeconds: 6 }
  const proxy = await startTestProxy(t, upstream.url, { limits }, { tls: true })
  const folder = mkdtempSync(join(tmpdir(), 's3-cors-proxy-h2spec-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const report = join(folder, 'report.xml')
  // Each answer has this long: more than a busy machine takes, as often as a test waits in vain.
  const args = [
    '-t',
    '-k',
    '-h',
    'localhost',
    '-p',
    String(proxy.port),
    '-P',
    goodTarget,
    '-S',
    '-o',
    '5',
    '-j',
    report,
  ]
  await new Promise(resolve => execFile(program ?? '', args, { maxBuffer: 16 * 1024 * 1024 }, resolve))
  const cases = [
    ...readFileSync(report, 'utf8').matchAll(/<testcase [^>]*classname="([^"]*)"[^>]*?(\/>|>([\s\S]*?)<\/testcase>)/g),
  ]
  t.ok(cases.length >= 140, `${cases.length} tests`)
  const failed = cases.filter(([, , , content = '']) => /<(failure|error)/.test(content)).map(([, name = '']) => name)
  t.strictSame(
    failed.filter(name => deviations[name] === undefined),
    [],
  )
  await proxy.until(({ inFlight }) => inFlight === 0, 30_000)
  t.strictSame(
    proxy.warnings.filter(({ event }) => event === 'internal_error'),
    [],
  )
})
