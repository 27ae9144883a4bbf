import type { IncomingMessage } from 'node:http'

/** What Node's parser gives of the bytes that it is at; undocumented, a test holds that it is there. */
interface RunningParser {
  getCurrentBuffer?(): Buffer | undefined
}

/**
 * Whether a request is RTSP, to be asked as soon as Node hands it over. Its parser knows GET, POST and OPTIONS of RTSP, too, and
 * does not tell its callers. Looked for where the version is 1.0, which RTSP has and few clients of HTTP.
 */
export function isRtsp({ httpVersionMinor, method, url, socket }: IncomingMessage): boolean {
  if (httpVersionMinor !== 0 || method === undefined || url === undefined) return false
  const parser = (socket as { readonly parser?: RunningParser | null }).parser
  const bytes = parser?.getCurrentBuffer?.()?.toString('latin1') ?? ''
  for (let at = bytes.indexOf(`${url} `); at !== -1; at = bytes.indexOf(`${url} `, at + 1)) {
    let end = at + url.length
    while (bytes.charCodeAt(end) === 0x20) end++
    if (!bytes.startsWith('RTSP/', end)) continue
    const line = bytes.slice(bytes.lastIndexOf('\n', at) + 1, at)
    if (line.startsWith(method)) return true
  }
  return false
}
