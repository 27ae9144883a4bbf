import { fieldValues } from '../../http/field-values.ts'
import type { Endpoint } from './endpoint.ts'
import type { Finding } from './finding.ts'
import { maxAnswerBytes } from './read-answer.ts'

/** SigV4 lets clocks differ by 15 minutes; a clock that is off by five is on its way there. */
const maxSkewMs = 5 * 60_000

/** One anonymous request: whether HTTP is spoken at all, by what, and whether its clock and ours agree. */
export async function firstAnswer(
  { transport }: Endpoint,
  protocol: 'http:' | 'https:',
  now: () => number = Date.now,
): Promise<readonly Finding[]> {
  const about = 'upstream.url'
  const answer = await transport.send({
    method: 'GET',
    target: '/',
    headers: ['host', transport.authority, 'accept-encoding', 'identity'],
    maxBodyBytes: maxAnswerBytes,
  })
  if ('kind' in answer) {
    return [{ severity: 'fault', about, what: `no answer: ${answer.detail}`, todo: todoFor(answer.reason, protocol) }]
  }
  const [server] = fieldValues(answer.headers, 'server')
  const [date] = fieldValues(answer.headers, 'date')
  const by = server === undefined ? '' : `, Server: ${server.slice(0, 60)}`
  const findings: Finding[] = [{ severity: 'ok', about, what: `it speaks HTTP/1.1${by}` }]
  const skewMs = date === undefined ? Number.NaN : Date.parse(date) - now()
  if (Math.abs(skewMs) > maxSkewMs) {
    const minutes = Math.round(Math.abs(skewMs) / 60_000)
    findings.push({
      severity: 'warning',
      about,
      what: `its clock is ${minutes} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's`,
      todo: 'set both clocks by NTP: from 15 minutes on every signature is refused',
    })
  }
  return findings
}

function todoFor(reason: string, protocol: 'http:' | 'https:'): string {
  if (reason === 'timeout') return 'check the health of the endpoint, or allow it more than rules.timeoutSeconds'
  if (reason === 'tls') return 'set upstream.certFile and upstream.keyFile if the endpoint wants a client certificate'
  return protocol === 'http:'
    ? 'https:// if the endpoint speaks TLS on this port, else the port of its S3 API'
    : 'the port of its S3 API'
}
