import { configuredAdminUrl } from '../running/admin-address.ts'
import { adminUrl, failureText } from '../running/running-proxy.ts'
import type { Command } from '../terminal/command.ts'
import { configOption } from '../terminal/configuration-source.ts'

const defaultUrl = 'http://127.0.0.1:9464/readyz'

/** A health check that takes longer has its answer. */
const timeoutMs = 2000

/** Whether a proxy is ready, for images without a shell or curl. */
export const probe: Command = {
  name: 'probe',
  synopsis: '[URL] [--config FILE]',
  meaning: 'Ask a running proxy whether it is ready: exit code 0 if it is, else 1.',
  details: [
    `URL is that of its admin port. If it is not given: S3CORS_ADMIN, else admin of the configuration, else ${defaultUrl}.`,
  ],
  options: [configOption],
  maxOperands: 1,
  async run({ operands, texts }, terminal) {
    const file = texts.config ?? (terminal.environment.S3CORS_CONFIG || undefined)
    const given = operands[0] ?? configuredAdminUrl(file, terminal.environment) ?? defaultUrl
    const url = adminUrl(given, '/readyz')
    if (url === undefined) {
      terminal.err(`${JSON.stringify(given)} is not valid; allowed: a URL such as ${defaultUrl}\n`)
      return 64
    }
    try {
      const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
      const text = await response.text()
      if (response.status === 200) return 0
      terminal.err(`${url} answered ${response.status}: ${JSON.stringify(text.trim().slice(0, 500))}\n`)
    } catch (error) {
      terminal.err(`${url}: ${failureText(error)}\n`)
    }
    return 1
  },
}
