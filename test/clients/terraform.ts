// The requests of Terraform's AWS provider: Go's SDK signs more fields than others, Content-Length among them.

import { createHash } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import { parseRules } from '../../src/cors/parsing/parse-rules.ts'
import { checksumOf } from '../../src/s3/cors-operation/checksum.ts'
import {
  parseCorsConfigurationXml,
  renderCorsConfigurationXml,
} from '../../src/s3/cors-operation/cors-configuration-xml.ts'
import type { CorsClient, CorsTarget } from './cors-clients.ts'
import { type HttpResponse, sendHttp } from './http-request.ts'

/** Version 1 sends Content-MD5, version 2 a CRC. */
export function terraform(version: 1 | 2): CorsClient {
  return {
    async put(target, bucket, rules) {
      const body = renderCorsConfigurationXml(parseRules(rules).rules ?? [])
      const framing = { 'content-length': String(body.length), 'content-type': 'application/xml' }
      const md5 = createHash('md5').update(body).digest('base64')
      const crc = checksumOf('crc32', Buffer.from(body))
      const digest =
        version === 1
          ? { 'content-md5': md5 }
          : { 'x-amz-sdk-checksum-algorithm': 'CRC32', 'x-amz-checksum-crc32': crc }
      return said(await send(target, 'PUT', bucket, body, { ...framing, ...digest }))
    },
    async get(target, bucket) {
      const answer = await send(target, 'GET', bucket)
      return answer.status === 200 ? parseCorsConfigurationXml(String(answer.body)).rules : said(answer)
    },
    remove: async (target, bucket) => said(await send(target, 'DELETE', bucket)),
  }

  async function send(
    target: CorsTarget,
    method: string,
    bucket: string,
    body = '',
    fields: Readonly<Record<string, string>> = {},
  ): Promise<HttpResponse> {
    const url = `${target.endpoint}/${bucket}?cors=`
    const newer = {
      'accept-encoding': 'identity',
      'amz-sdk-invocation-id': '1c1a7b0e-5f5e-4f5e-9d5e-0a1b2c3d4e5f',
      'amz-sdk-request': 'attempt=1; max=3',
    }
    const signer = new AwsV4Signer({
      method,
      url,
      headers: {
        'user-agent': 'APN/1.0 HashiCorp/1.0 Terraform/1.9.0',
        'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
        ...(version === 1 ? {} : newer),
        ...fields,
      },
      accessKeyId: target.accessKeyId,
      secretAccessKey: target.secretAccessKey,
      service: 's3',
      region: target.region,
      allHeaders: true,
    })
    const headers = { Host: new URL(url).host, ...Object.fromEntries((await signer.sign()).headers) }
    return sendHttp({ url, method, headers, body })
  }
}

function said({ status, body }: HttpResponse): string {
  return status < 300 ? 'done' : (/<Code>(.*)<\/Code>/.exec(String(body))?.[1] ?? String(status))
}
