// The AWS SDK for JavaScript v3.

import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { encodeForm, loopbackAgent } from './http-request.ts'
import { awkward, large, small } from './objects.ts'
import { type ClientTarget, createRecorder, type Outcomes, type Recorder, sha256 } from './outcome.ts'
import { presignedSender } from './presigned.ts'

/** Creates the bucket, does everything in it and deletes it. */
export async function runAwsSdk(target: ClientTarget): Promise<Outcomes> {
  const recorder = createRecorder(target)
  const client = createClient(target, recorder)
  const Bucket = target.bucket
  await recorder.record('create bucket', async () => void (await client.send(new CreateBucketCommand({ Bucket }))))
  await putAll(client, target, recorder)
  await getAll(client, target, recorder)
  await multipart(client, target, recorder)
  await presigned(client, target, recorder)
  await wrongSecret(target, recorder)
  await removeAll(client, target, recorder)
  client.destroy()
  return recorder.outcomes
}

/** What fails is in the outcomes; the SDK also says on the console that it did not retry. */
const silent = { debug() {}, info() {}, warn() {}, error() {} }

function createClient(target: ClientTarget, recorder: Recorder, config: S3ClientConfig = {}): S3Client {
  const { port } = new URL(target.endpoint)
  const client = new S3Client({
    endpoint: target.style === 'path' ? target.endpoint : `http://${target.virtualHost}:${port}`,
    forcePathStyle: target.style === 'path',
    region: target.region,
    credentials: target,
    maxAttempts: 1,
    logger: silent,
    requestHandler: { httpAgent: loopbackAgent(), requestTimeout: 60_000 },
    ...config,
  })
  client.middlewareStack.add(
    next => async args => {
      const request = args.request as { method: string; headers: Record<string, string> }
      if (target.origin !== undefined) request.headers.origin = target.origin
      const output = await next(args)
      const response = output.response as { statusCode: number; headers: Record<string, string> }
      recorder.exchanged(request.method, response.statusCode, response.headers)
      return output
    },
    // Innermost: after signing on the way out, before the answer becomes an object or an error on the way in.
    { step: 'deserialize', priority: 'low', name: 'recordExchange' },
  )
  return client
}

async function putAll(client: S3Client, target: ClientTarget, recorder: Recorder) {
  const { record } = recorder
  const Bucket = target.bucket
  const put = async (by: S3Client, input: { Key: string; Body: Buffer | Readable; ContentLength?: number }) => {
    const { ETag } = await by.send(new PutObjectCommand({ Bucket, ...input }))
    return { ETag }
  }
  await record('put', async () => {
    const meta = {
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'no-store',
      Metadata: { Case: 'Kept', n: '1' },
    }
    const { ETag } = await client.send(new PutObjectCommand({ Bucket, Key: small.key, Body: small.body, ...meta }))
    return { ETag }
  })
  await record('put under an awkward key', () => put(client, { Key: awkward.key, Body: awkward.body }))
  await record('put under a key with an empty segment', () => put(client, { Key: 'a//b.txt', Body: small.body }))
  // Over 2 MiB the SDK sends Expect: 100-continue.
  await record('put, large', () => put(client, { Key: 'put-large.bin', Body: large.body }))
  await record('put, empty', () => put(client, { Key: 'empty', Body: Buffer.alloc(0) }))
  const ContentLength = awkward.body.length
  const stream = () => ({ Body: Readable.from([awkward.body.subarray(0, 40_000), awkward.body.subarray(40_000)]) })
  // aws-chunked with a trailing checksum.
  await record('put of a stream, default checksums', () =>
    put(client, { Key: 'chunked.bin', ContentLength, ...stream() }),
  )
  const plain = createClient(target, recorder, { requestChecksumCalculation: 'WHEN_REQUIRED' })
  await record('put of a stream, checksums when required', () =>
    put(plain, { Key: 'streamed.bin', ContentLength, ...stream() }),
  )
  plain.destroy()
}

async function getAll(client: S3Client, target: ClientTarget, { record, recordRefusal }: Recorder) {
  const Bucket = target.bucket
  const get = async (input: Omit<GetObjectCommandInput, 'Bucket'>) => {
    const { Body, ETag, ContentRange, ContentType, Metadata } = await client.send(
      new GetObjectCommand({ Bucket, ...input }),
    )
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
    return { ETag, ContentRange, ContentType, Metadata, length: bytes.length, sha256: sha256(bytes) }
  }
  const list = async (input: { Prefix?: string; Delimiter?: string; MaxKeys?: number }) => {
    const page = await client.send(new ListObjectsV2Command({ Bucket, ...input }))
    const { KeyCount, IsTruncated, CommonPrefixes, Contents = [] } = page
    return { KeyCount, IsTruncated, CommonPrefixes, keys: Contents.map(({ Key, ETag, Size }) => ({ Key, ETag, Size })) }
  }
  await record('head', async () => {
    const { ETag, ContentLength, Metadata } = await client.send(new HeadObjectCommand({ Bucket, Key: small.key }))
    return { ETag, ContentLength, Metadata }
  })
  await record('get', () => get({ Key: small.key }))
  await record('get under an awkward key', () => get({ Key: awkward.key }))
  await record('get, large', () => get({ Key: 'put-large.bin' }))
  await record('get of a range', () => get({ Key: awkward.key, Range: 'bytes=1000-40000' }))
  await record('get of a suffix range', () => get({ Key: awkward.key, Range: 'bytes=-17' }))
  await recordRefusal('get of a range beyond the end', () => get({ Key: small.key, Range: 'bytes=100000-' }))
  await recordRefusal('get if changed', async () => {
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket, Key: small.key }))
    return get({ Key: small.key, IfNoneMatch: ETag })
  })
  await recordRefusal('get of a missing key', () => get({ Key: 'missing' }))
  await record('list', () => list({}))
  await record('list with a delimiter', () => list({ Delimiter: '/' }))
  await record('list of two', () => list({ MaxKeys: 2 }))
  await record('copy', async () => {
    const CopySource = encodeURIComponent(`${Bucket}/${awkward.key}`)
    const { CopyObjectResult } = await client.send(new CopyObjectCommand({ Bucket, Key: 'copy.bin', CopySource }))
    return { copied: CopyObjectResult?.ETag, ...(await get({ Key: 'copy.bin' })) }
  })
}

async function multipart(client: S3Client, target: ClientTarget, { record }: Recorder) {
  const Bucket = target.bucket
  await record('multipart upload', async () => {
    const params = { Bucket, Key: large.key, Body: large.body }
    const done = await new Upload({ client, params, partSize: large.partSize, queueSize: 1 }).done()
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: large.key }))
    return { ETag: done.ETag, sha256: sha256((await Body?.transformToByteArray()) ?? '') }
  })
  await record('multipart upload given up', async () => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'given-up.bin' }))
    const part = { Bucket, Key: 'given-up.bin', UploadId }
    const { ETag } = await client.send(new UploadPartCommand({ ...part, PartNumber: 1, Body: small.body }))
    await client.send(new AbortMultipartUploadCommand(part))
    return { ETag }
  })
}

async function presigned(client: S3Client, target: ClientTarget, recorder: Recorder) {
  const { record, recordRefusal, exchanged } = recorder
  const Bucket = target.bucket
  const send = presignedSender(target, exchanged)
  const expiresIn = 600
  const get = new GetObjectCommand({ Bucket, Key: awkward.key, ResponseContentType: 'text/x-chosen' })
  await record('presigned GET', async () => send({ url: await getSignedUrl(client, get, { expiresIn }) }))
  await record('presigned GET of a range', async () =>
    send({ url: await getSignedUrl(client, get, { expiresIn }), headers: { Range: 'bytes=0-9' } }),
  )
  await recordRefusal('presigned GET for another key', async () => {
    const url = await getSignedUrl(client, get, { expiresIn })
    return send({ url: url.replace('.bin?', '.bim?') })
  })
  await record('presigned PUT', async () => {
    const put = new PutObjectCommand({ Bucket, Key: 'presigned put.bin', ContentType: 'text/x-chosen' })
    const url = await getSignedUrl(client, put, { expiresIn })
    return send({ url, method: 'PUT', headers: { 'Content-Type': 'text/x-chosen' }, body: awkward.body })
  })
  await record('presigned POST form', async () => {
    const { url, fields } = await createPresignedPost(client, {
      Bucket,
      Key: 'form.bin',
      Fields: { success_action_status: '201' },
      Conditions: [['content-length-range', 1, 100_000]],
    })
    return send({ url, method: 'POST', ...(await encodeForm(fields, awkward.body)) })
  })
}

async function wrongSecret(target: ClientTarget, recorder: Recorder) {
  const Bucket = target.bucket
  const liar = createClient({ ...target, secretAccessKey: 'not-the-secret-of-this-key' }, recorder)
  await recorder.recordRefusal('get with a wrong secret', () =>
    liar.send(new GetObjectCommand({ Bucket, Key: small.key })),
  )
  await recorder.recordRefusal('put with a wrong secret', () =>
    liar.send(new PutObjectCommand({ Bucket, Key: small.key, Body: small.body })),
  )
  await recorder.recordRefusal('list with a wrong secret', () => liar.send(new ListObjectsV2Command({ Bucket })))
  liar.destroy()
}

async function removeAll(client: S3Client, target: ClientTarget, { record }: Recorder) {
  const Bucket = target.bucket
  await record('delete', async () => void (await client.send(new DeleteObjectCommand({ Bucket, Key: awkward.key }))))
  const keys = async () =>
    ((await client.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key)
  await record('delete of many', async () => {
    const Delete = { Objects: (await keys()).map(Key => ({ Key })) }
    const { Deleted = [], Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }))
    return { deleted: Deleted.map(({ Key }) => Key).sort(), Errors }
  })
  await record('delete of what is left', async () => {
    const left = await keys()
    for (const Key of left) await client.send(new DeleteObjectCommand({ Bucket, Key }))
    return left
  })
  await record('delete bucket', async () => void (await client.send(new DeleteBucketCommand({ Bucket }))))
}
