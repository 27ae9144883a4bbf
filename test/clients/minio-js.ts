// MinIO's own client for JavaScript.

import http from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, CopyConditions } from 'minio'
import { encodeForm, loopbackAgent } from './http-request.ts'
import { awkward, large, small } from './objects.ts'
import { type ClientTarget, createRecorder, type Outcomes, type Recorder, sha256 } from './outcome.ts'
import { presignedSender } from './presigned.ts'

/** Creates the bucket, does everything in it and deletes it. */
export async function runMinioJs(target: ClientTarget): Promise<Outcomes> {
  const recorder = createRecorder(target)
  const client = createClient(target, recorder)
  await recorder.record('create bucket', () => client.makeBucket(target.bucket, target.region))
  await putAll(client, target.bucket, recorder)
  await getAll(client, target.bucket, recorder)
  await presigned(client, target, recorder)
  const liar = createClient({ ...target, secretAccessKey: 'not-the-secret-of-this-key' }, recorder)
  await recorder.recordRefusal('get with a wrong secret', () => liar.getObject(target.bucket, small.key))
  await recorder.recordRefusal('put with a wrong secret', () => liar.putObject(target.bucket, small.key, small.body))
  await recorder.record('delete of many', async () => {
    const names = (await list(client, target.bucket)).map(({ name }) => name)
    return client.removeObjects(target.bucket, names)
  })
  await recorder.record('delete bucket', () => client.removeBucket(target.bucket))
  return recorder.outcomes
}

function createClient(target: ClientTarget, { exchanged }: Recorder): Client {
  const { hostname, port } = new URL(target.endpoint)
  const request = (options: http.RequestOptions, callback: (response: http.IncomingMessage) => void) =>
    http.request(options, response => {
      exchanged(options.method ?? 'GET', response.statusCode ?? 0, response.headers)
      callback(response)
    })
  return new Client({
    endPoint: target.style === 'path' ? hostname : target.virtualHost,
    port: Number(port),
    useSSL: false,
    pathStyle: target.style === 'path',
    region: target.region,
    accessKey: target.accessKeyId,
    secretKey: target.secretAccessKey,
    partSize: large.partSize,
    retryOptions: { disableRetry: true },
    transport: { request: request as typeof http.request },
    transportAgent: loopbackAgent(),
  })
}

async function putAll(client: Client, bucket: string, { record }: Recorder) {
  await record('put', () =>
    client.putObject(bucket, small.key, small.body, small.body.length, { 'X-Amz-Meta-Case': 'Kept' }),
  )
  await record('put under an awkward key', () => client.putObject(bucket, awkward.key, awkward.body))
  await record('put of a stream', () =>
    client.putObject(bucket, 'streamed.bin', Readable.from([awkward.body]), awkward.body.length),
  )
  await record('multipart upload', () => client.putObject(bucket, large.key, Readable.from(parts()), large.body.length))
}

/** minio-js joins parts that wait for it into one, so the second one comes later. */
async function* parts() {
  yield large.body.subarray(0, large.partSize)
  await sleep(50)
  yield large.body.subarray(large.partSize)
}

async function getAll(client: Client, bucket: string, { record, recordRefusal }: Recorder) {
  await record('head', async () => {
    const { size, etag, metaData } = await client.statObject(bucket, small.key)
    return { size, etag, metaData }
  })
  const bytesOf = async (stream: Promise<Readable>) => {
    const bytes = await buffer(await stream)
    return { length: bytes.length, sha256: sha256(bytes) }
  }
  await record('get', () => bytesOf(client.getObject(bucket, small.key)))
  await record('get under an awkward key', () => bytesOf(client.getObject(bucket, awkward.key)))
  await record('get, large', () => bytesOf(client.getObject(bucket, large.key)))
  await record('get of a range', () => bytesOf(client.getPartialObject(bucket, large.key, 5_000_000, 1_000_000)))
  await recordRefusal('get of a missing key', () => bytesOf(client.getObject(bucket, 'missing')))
  await record('list', () => list(client, bucket))
  await record('copy', async () => {
    const copied = await client.copyObject(bucket, 'copy.txt', `/${bucket}/${small.key}`, new CopyConditions())
    return {
      copied: 'etag' in copied ? copied.etag : copied.Etag,
      ...(await bytesOf(client.getObject(bucket, 'copy.txt'))),
    }
  })
}

async function presigned(client: Client, target: ClientTarget, { record, exchanged }: Recorder) {
  const { bucket } = target
  const send = presignedSender(target, exchanged)
  await record('presigned GET', async () => send({ url: await client.presignedGetObject(bucket, awkward.key, 600) }))
  await record('presigned PUT', async () => {
    const url = await client.presignedPutObject(bucket, 'presigned put.bin', 600)
    return send({ url, method: 'PUT', body: awkward.body })
  })
  await record('presigned POST form', async () => {
    const policy = client.newPostPolicy()
    policy.setBucket(bucket)
    policy.setKey('form.bin')
    policy.setExpires(new Date(Date.now() + 600_000))
    policy.setContentLengthRange(1, 100_000)
    const { postURL, formData } = await client.presignedPostPolicy(policy)
    return send({ url: postURL, method: 'POST', ...(await encodeForm(formData, awkward.body)) })
  })
}

async function list(client: Client, bucket: string): Promise<{ name: string; size: number; etag: string }[]> {
  const found: { name: string; size: number; etag: string }[] = []
  for await (const { name, size, etag } of client.listObjectsV2(bucket, '', true)) found.push({ name, size, etag })
  return found
}
