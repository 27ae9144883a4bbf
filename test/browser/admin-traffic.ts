// What an operator's page has to show: honest requests, and everything an attacker can put in front of the operator.

import { sendHttp } from '../clients/http-request.ts'
import type { ProxyProcess } from '../fixtures/proxy-process.ts'
import { raw } from '../fixtures/raw-client.ts'
import type { Answer } from '../fixtures/recording-upstream.ts'

export const app = 'https://app.example'
export const hack = 'document.title=String.fromCharCode(104,97,99,107,101,100)'

/** In `report`, what the endpoint answered is shown as well: it may be hostile too. */
export const answer: Answer = ({ target, fields }) => {
  const asked = fields.find(([name]) => name.toLowerCase() === 'origin')?.[1]
  const origin = target.includes('evil') ? `<img src=x onerror=${hack}>` : target.includes('strict') ? undefined : asked
  const allow = origin === undefined ? '' : `Access-Control-Allow-Origin: ${origin}\r\n`
  return `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${allow}\r\nok`
}

export const buckets = `buckets:
  media:
    CORSRules:
      - ID: "<b>web</b>"
        AllowedOrigins: ["${app}"]
        AllowedMethods: [GET, HEAD]
        AllowedHeaders: [authorization]
        ExposeHeaders: [ETag]
        MaxAgeSeconds: 3000
  trial: { CORSRules: [{ AllowedOrigins: ["${app}"], AllowedMethods: [GET, HEAD] }], enforcement: report }
  archive: { from: none }
  live: { from: upstream }
`

export function ask(
  proxy: ProxyProcess,
  method: string,
  path: string,
  origin: string,
  headers: Record<string, string> = {},
) {
  return sendHttp({ url: `${proxy.url}${path}`, method, headers: { Origin: origin, ...headers } })
}

const preflight = {
  'Access-Control-Request-Method': 'PUT',
  'Access-Control-Request-Headers': 'content-type, x-amz-date',
}

export async function sendTraffic(proxy: ProxyProcess): Promise<void> {
  for (let count = 0; count < 3; count++) {
    await ask(proxy, 'GET', '/media/a', app)
    await ask(proxy, 'GET', '/media/a', 'https://new-app.example')
  }
  await ask(proxy, 'OPTIONS', '/media/a', app, preflight)
  await ask(proxy, 'OPTIONS', '/archive/a', 'null', preflight)
  await ask(proxy, 'GET', '/trial/a', app)
  await ask(proxy, 'HEAD', '/trial/strict', app)
  await ask(proxy, 'GET', '/trial/a', 'https://partner.example')
  await ask(proxy, 'OPTIONS', '/trial/a', 'https://writer.example', preflight)
  await ask(proxy, 'GET', '/live/a', app)
}

/** What an attacker can put in front of an operator: origins, buckets, methods and headers, as no browser would send them. */
export async function sendHostile(proxy: ProxyProcess): Promise<void> {
  const script = `<script>${hack}</script>`
  const image = `"'><img src=x onerror=${hack}>`
  const origins = [
    script,
    image,
    `https://a.example${script}`,
    '\x9b31m\x85\x9d0;hacked\x07'.replaceAll('\x07', ''),
    `https://${'a'.repeat(15_000)}`,
  ]
  for (const origin of origins) {
    await raw(proxy.port, `GET /media/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: ${origin}\r\n\r\n`)
  }
  const head = 'OPTIONS /media/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: https://hostile.example\r\n'
  await raw(proxy.port, `${head}Access-Control-Request-Method: ${script}\r\n\r\n`)
  await raw(
    proxy.port,
    `${head}Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: ${image}\x9b\r\n\r\n`,
  )
  for (const bucket of ['%3Cscript%3Ex%3C%2Fscript%3E', '"><b>x', "'onmouseover='x"]) {
    await raw(
      proxy.port,
      `GET /${bucket}/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: https://hostile.example\r\n\r\n`,
    )
  }
  await ask(proxy, 'GET', '/trial/evil', 'https://hostile.example')
}
