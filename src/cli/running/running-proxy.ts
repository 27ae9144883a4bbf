import { readFileContentSync } from '../../config/files/file-content.ts'
import { describeIssue } from '../../config/issue.ts'
import { child } from '../../config/raw-value.ts'
import { readSecrets } from '../../config/secrets.ts'
import type { Explanation } from '../../cors/explain/explain.ts'
import { renderExplanation } from '../../cors/explain/explanation-text.ts'
import { escapeControlsInLines } from '../../text/escape-controls.ts'
import type { ExitCode, Terminal } from '../terminal/command.ts'

/** A proxy answers from memory. */
const timeoutMs = 5000

/** What a proxy has seen is far shorter; what answers may be another server. */
const maxAnswerBytes = 64 * 1024 * 1024

/** The explanation of a running proxy. */
export async function askRunningProxy(
  url: string,
  query: URLSearchParams,
  terminal: Terminal,
): Promise<Explanation | ExitCode> {
  const answer = await askAdminPort(url, '/explain', query, terminal)
  if (typeof answer === 'number') return answer
  const { body } = answer
  if (isExplanation(body)) return body
  terminal.err(`${url}: expected an explanation, got another answer; is this the admin port of an s3-cors-proxy?\n`)
  return 1
}

/**
 * Asks the admin port of a running proxy; the token, if there is one, comes from the environment. Says what went wrong and answers
 * the exit code, or gives the JSON of a good answer, unchecked.
 */
export async function askAdminPort(
  url: string,
  path: string,
  query: URLSearchParams,
  terminal: Terminal,
): Promise<{ readonly body: unknown } | ExitCode> {
  const target = adminUrl(url, path)
  if (target === undefined) {
    terminal.err(`--url: ${JSON.stringify(url)} is not valid; allowed: a URL such as http://127.0.0.1:9464\n`)
    return 64
  }
  target.search = query.toString()
  const { secrets, issues } = readSecrets(terminal.environment, readFileContentSync)
  if (secrets === undefined) {
    terminal.err(issues.map(issue => `${describeIssue(issue)}\n`).join(''))
    return 64
  }
  const headers = secrets.adminToken === undefined ? {} : { authorization: `Bearer ${secrets.adminToken}` }
  try {
    const response = await fetch(target, { headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    const body = await readJson(response)
    if (response.ok && body !== undefined) return { body }
    const reason = child(body, ['error'])
    terminal.err(
      `${target.origin} answered ${response.status}${typeof reason === 'string' ? `: ${JSON.stringify(reason)}` : ''}\n`,
    )
    if (response.status === 401 || response.status === 403) {
      terminal.err(
        "allowed: the proxy's token in S3CORS_ADMIN_TOKEN; a proxy without a token answers only root and its own user, on its own machine, under 127.0.0.1 or localhost\n",
      )
    }
  } catch (error) {
    terminal.err(`${target.origin}: ${failureText(error)}\n`)
  }
  return 1
}

/** The JSON of an answer, in which no text steers a terminal; undefined for another content. Throws for one that is too long. */
async function readJson({ body }: Response): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body ?? []) {
    length += chunk.length
    if (length > maxAnswerBytes) throw new Error(`expected at most ${maxAnswerBytes} bytes, got more`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString(), (_, value: unknown) =>
      typeof value === 'string' ? escapeControlsInLines(value) : value,
    )
  } catch {
    return undefined
  }
}

/** The URL of a path on an admin port; undefined when `url` is none or says more than where that port is. */
export function adminUrl(url: string, path: string): URL | undefined {
  if (!URL.canParse(url)) return undefined
  const target = new URL(url)
  if (!/^https?:$/.test(target.protocol) || target.username !== '' || target.search !== '' || target.hash !== '')
    return undefined
  if (target.pathname === '/') target.pathname = path
  return target.pathname === path ? target : undefined
}

/** The reason of a failed fetch, which hides it in `cause`. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'no answer in time'
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  return `${error.message} (${'code' in cause ? String(cause.code) : cause.message})`
}

function isExplanation(value: unknown): value is Explanation {
  if (typeof child(value, ['allowed']) !== 'boolean') return false
  try {
    return renderExplanation(value as Explanation) !== ''
  } catch {
    return false
  }
}
