import type { RequestRecord } from '../../proxy/request/request-record.ts'
import { escapeControls } from '../../text/escape-controls.ts'
import type { LogFields } from './log-fields.ts'
import { formatPretty } from './log-pretty.ts'
import type { LogSink } from './log-sink.ts'
import { redactText } from './redact.ts'
import { startOfLine } from './request-line.ts'
import { createRequestQueue } from './request-queue.ts'

/** The levels of lines, each with those after it; `silent` is no line's. */
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** How much is logged. */
export type LogLevel = (typeof levels)[number]

/** What the log is made of. */
export interface LogOptions {
  readonly level: LogLevel
  /** Standard output, as a rule. A sink belongs to one log. */
  readonly sink: LogSink
  /** For a person in a terminal instead of JSON lines; `colour` with it. */
  readonly pretty?: boolean | undefined
  readonly colour?: boolean | undefined
  /** Credentials and tokens of the configuration, taken out wherever they turn up. */
  readonly secrets?: readonly string[] | undefined
}

/** One JSON line per event. Never throws, never waits. Every string is bounded and without secrets. */
export interface Log {
  readonly level: LogLevel
  enabled(level: LogLevel): boolean
  setLevel(level: LogLevel): void
  write(level: Exclude<LogLevel, 'silent'>, event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  /** One line of the event `request`; it leaves some milliseconds later. */
  writeRequest(level: 'info' | 'debug', record: RequestRecord): void
  /** With the error's name, code and message, its causes, and on `debug` its stack. */
  error(event: string, error: unknown, fields?: LogFields): void
  /** Tells of lines that were dropped because the output does not take them, from now on. */
  onSuppressed(listener: (lines: number) => void): void
  /** Waits until the lines have left the process, at most `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
}

const maxStringLength = 4096
/** What no field may be called: a name that stands twice in a line is read in two ways. */
const headNames: ReadonlySet<string> = new Set(['level', 'time', 'event'])

function describeError(error: unknown, withStack: boolean): LogFields {
  if (!(error instanceof Error)) return { error: String(error) }
  const messages: string[] = []
  let cause: unknown = error
  // Causes may be nested at will; three say what happened.
  for (let depth = 0; depth < 3 && cause instanceof Error; depth++) {
    messages.push(cause.message)
    cause = cause.cause
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return { error: messages.join(': '), errorName: error.name, code, stack: withStack ? error.stack : undefined }
}

/** Makes the log. Lines are `{"level", "time", "event", …}`, the fields of requests as `describeRequest` names them. */
export function createLog(options: LogOptions): Log {
  let suppressed = (_lines: number) => {}
  const { sink } = options
  sink.onDropped(lines => suppressed(lines))
  sink.onRegained(({ count, sinceMs, code }) => {
    log.warn('log_lines_lost', { count, since: new Date(sinceMs).toISOString(), code })
  })
  const secrets = options.secrets ?? []
  // For a person in a terminal, or as it is.
  const shown = options.pretty ? (line: string) => formatPretty(line, options.colour ?? false) : undefined
  const requests = createRequestQueue({
    secrets,
    write: (lines, count) => sink.write(shown?.(lines.toString()) ?? lines, count),
    dropped: lines => suppressed(lines),
  })
  let { level: least } = options
  const isEnabled = (level: LogLevel) => levels.indexOf(level) >= levels.indexOf(least)

  function lineOf(level: LogLevel, event: string, fields: LogFields): string {
    let line = startOfLine(level, Date.now(), event)
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined || headNames.has(name)) continue
      const safe = typeof value === 'string' ? redactText(value.slice(0, maxStringLength), secrets) : value
      line += `,${escapeControls(`${JSON.stringify(name)}:${JSON.stringify(safe)}`)}`
    }
    return `${line}}\n`
  }

  const log: Log = {
    get level() {
      return least
    },
    enabled: isEnabled,
    setLevel(level) {
      least = level
    },
    write(level, event, fields = {}) {
      if (!isEnabled(level)) return
      requests.leave()
      const line = lineOf(level, event, fields)
      sink.write(shown?.(line) ?? line)
    },
    info(event, fields) {
      log.write('info', event, fields)
    },
    warn(event, fields) {
      log.write('warn', event, fields)
    },
    writeRequest(level, record) {
      if (!isEnabled(level)) return
      requests.add(level, record)
      if (shown) requests.leave()
    },
    error(event, error, fields) {
      log.write('error', event, { ...fields, ...describeError(error, isEnabled('debug')) })
    },
    onSuppressed(listener) {
      suppressed = listener
    },
    flush(timeoutMs) {
      requests.leave()
      return sink.flush(timeoutMs)
    },
  }
  return log
}
