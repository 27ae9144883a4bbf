import { type HttpRequest, sendHttp } from './http-request.ts'
import { type ClientTarget, type Recorder, sha256, withoutTarget } from './outcome.ts'

/** Sends what a client presigned, as a client without credentials does. A refusal is thrown with its S3 code. */
export function presignedSender(target: ClientTarget, exchanged: Recorder['exchanged']) {
  return async (request: HttpRequest) => {
    const origin = target.origin === undefined ? {} : { Origin: target.origin }
    const { status, headers, body } = await sendHttp({ ...request, headers: { ...request.headers, ...origin } })
    exchanged(request.method ?? 'GET', status, headers)
    if (status >= 400)
      throw Object.assign(new Error('refused'), { code: /<Code>(.*?)<\/Code>/.exec(String(body))?.[1] })
    // POST answers an XML document that names the server and the bucket.
    return { status, sha256: request.method === 'POST' ? sha256(withoutTarget(String(body), target)) : sha256(body) }
  }
}
