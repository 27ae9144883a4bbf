import type { Configuration } from '../../../config/configuration.ts'
import type { Finding } from '../finding.ts'
import type { Said } from '../read-answer.ts'
import { describeRefusal, type HostAnswers, sameAnswer, takes } from './host-probe.ts'

/** One row of the table in config/ovhcloud.yaml. */
export interface HostRow {
  /** Its first column, in short. */
  readonly clients: string
  /** Undefined where only a signature could tell, and there was none. */
  readonly preserve: boolean | undefined
  readonly rewrite: boolean
}

/** Says for each row of the table which `upstream.host` serves its clients, given the answers under a foreign name. */
export function hostRows(own: HostAnswers, foreign: HostAnswers): readonly HostRow[] {
  const anonymous = sameAnswer(own.anonymous, foreign.anonymous)
  // A front that sets the Host itself: what is signed for the endpoint's own name holds, whatever the client's Host was.
  const isFixed = anonymous && foreign.signed?.code === 'SignatureDoesNotMatch'
  const ownName = anonymous && own.signed === undefined ? undefined : takes(own, foreign)
  return [
    { clients: 'anonymous requests (public objects)', preserve: anonymous, rewrite: true },
    { clients: "URLs presigned for the endpoint's name", preserve: isFixed, rewrite: true },
    { clients: "requests an SDK signs for this proxy's own name", preserve: ownName, rewrite: false },
    { clients: "requests an SDK signs for the endpoint's name", preserve: true, rewrite: true },
  ]
}

/** What is public is known only where an anonymous request got something. */
function anonymousFinding({ clients }: HostRow, { status, code, text }: Said, chosen: string): Finding {
  const about = 'upstream.host'
  if (status < 300) return { severity: 'ok', about, what: `${clients}: served with ${chosen}` }
  const what =
    code === 'AccessDenied'
      ? `${clients}: reach the endpoint with ${chosen}; what was asked for is not public (${text})`
      : `${clients}: refused by the endpoint with ${text}, whatever the Host`
  return { severity: code === 'AccessDenied' ? 'ok' : 'note', about, what }
}

/** What the endpoint does with a foreign Host, and what that means to each kind of client under the `upstream.host` chosen. */
export function hostFindings(
  own: HostAnswers,
  foreign: HostAnswers,
  chosen: Configuration['upstream']['host'],
): readonly Finding[] {
  const about = 'upstream.host'
  if (own.anonymous.status === 0) return [{ severity: 'warning', about, what: `no answer: ${own.anonymous.text}` }]
  const other = chosen === 'preserve' ? 'rewrite' : 'preserve'
  const by = own.signed === undefined ? ', as far as anonymous requests can tell' : ''
  const first: Finding = takes(own, foreign)
    ? { severity: 'ok', about, what: `the endpoint takes any Host as path-style${by}` }
    : { severity: 'note', about, what: `the endpoint takes its own names alone: ${describeRefusal(own, foreign)}` }
  const rows = hostRows(own, foreign).map((row, index): Finding => {
    if (index === 0 && row[chosen]) return anonymousFinding(row, own.anonymous, chosen)
    if (row[chosen]) return { severity: 'ok', about, what: `${row.clients}: served with ${chosen}` }
    if (row.preserve === undefined)
      return {
        severity: 'note',
        about,
        what: `${row.clients}: at most with preserve`,
        todo: 'set keys to have it tried',
      }
    if (row[other])
      return { severity: 'note', about, what: `${row.clients}: not with ${chosen}`, todo: `${other} for them` }
    const todo = "have them signed for the endpoint's name, or name this proxy's at the endpoint too"
    return { severity: 'note', about, what: `${row.clients}: neither with preserve nor with rewrite`, todo }
  })
  return [first, ...rows]
}
