import { createHash } from 'node:crypto'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { MatrixCase } from './matrix-case.ts'
import type { MatrixWorld } from './matrix-world.ts'

const expiresIn = 600
const mebibytes = 11
/** A part of 5 MiB, another, and the rest. */
const content = `const content = new Uint8Array(${mebibytes} << 20).map((_, index) => index * 7 >> 3);`
const contentHash = createHash('sha256')
  .update(Uint8Array.from({ length: mebibytes << 20 }, (_, index) => (index * 7) >> 3))
  .digest('hex')
const loadClients = `await load('script', { src: '/clients.js' }, 'load');`

function uploadBySdk(bucket: string, options = ''): string {
  return `${loadClients} ${content}
    const client = new clients.S3Client({ endpoint: s3, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1, ${options} });
    const params = { Bucket: '${bucket}', Key: key, Body: new Blob([content]) };
    return new clients.Upload({ client, params, partSize: 5 << 20 }).done().then(
      ({ ETag }) => ETag.replace(/^"[0-9a-f]+/, '"'), error => error.name)`
}

function withKeys(prefix: string): NonNullable<MatrixCase['values']> {
  return async ({ minio }, browser) => ({
    key: `${prefix}-${browser}`,
    credentials: { accessKeyId: minio?.accessKeyId, secretAccessKey: minio?.secretAccessKey },
  })
}

async function isWhole({ stored }: MatrixWorld, key: string): Promise<boolean> {
  return (
    createHash('sha256')
      .update(await stored(key))
      .digest('hex') === contentHash
  )
}

/** What a page writes. */
export const uploadCases: readonly MatrixCase[] = [
  {
    name: 'a presigned PUT is allowed after a preflight, and its ETag readable',
    on: 'MinIO',
    values: async ({ signer }, browser) => ({
      url: await getSignedUrl(signer, new PutObjectCommand({ Bucket: 'media', Key: `put-${browser}` }), { expiresIn }),
    }),
    script: `return field(url, 'etag', { method: 'PUT', body: 'text' })`,
    expected: '"1cb251ec0d568de6a929b520c4aed8d1"',
    preflights: 1,
    after: async (t, { stored }, browser) => void t.equal(String(await stored(`put-${browser}`)), 'text'),
  },
  {
    name: 'a presigned GET of a private object is readable',
    on: 'MinIO',
    values: async ({ signer }) => ({
      url: await getSignedUrl(signer, new GetObjectCommand({ Bucket: 'media', Key: 'hidden.txt' }), { expiresIn }),
    }),
    script: 'return ask(url)',
    expected: '200 hidden',
    preflights: 0,
  },
  {
    name: 'a presigned PUT to a bucket of others is refused before it is sent',
    on: 'MinIO',
    values: async ({ signer }, browser) => ({
      url: await getSignedUrl(signer, new PutObjectCommand({ Bucket: 'others', Key: `put-${browser}` }), { expiresIn }),
    }),
    script: `return ask(url, { method: 'PUT', body: 'text' })`,
    expected: 'blocked',
    preflights: 1,
  },
  {
    name: 'a form is uploaded without a preflight, and the answer readable',
    on: 'MinIO',
    values: async ({ signer }, browser) => ({
      post: await createPresignedPost(signer, {
        Bucket: 'media',
        Key: `form-${browser}`,
        Fields: { success_action_status: '201' },
      }),
    }),
    script: `const form = new FormData(); for (const [name, value] of Object.entries(post.fields)) form.append(name, value);
      form.append('file', new Blob(['text']), 'text.txt');
      const said = await ask(post.url, { method: 'POST', body: form }); return said.slice(0, 4) + /<Key>(form)/.exec(said)[1]`,
    expected: '201 form',
    preflights: 0,
    after: async (t, { stored }, browser) => void t.equal(String(await stored(`form-${browser}`)), 'text'),
  },
  {
    name: 'the AWS SDK uploads in parts from the page, where ETag and its checksum are exposed',
    on: 'MinIO',
    values: withKeys('sdk'),
    script: uploadBySdk('media'),
    expected: '"-3"',
    after: async (t, world, browser) => void t.ok(await isWhole(world, `sdk-${browser}`), 'every byte is there'),
  },
  {
    name: 'where ETag alone is exposed, the AWS SDK does not find its checksums and fails',
    on: 'MinIO',
    values: withKeys('sdk'),
    script: uploadBySdk('writing'),
    expected: 'InvalidPart',
  },
  {
    name: 'where ETag alone is exposed, the AWS SDK uploads without checksums',
    on: 'MinIO',
    values: withKeys('sdk'),
    script: uploadBySdk('writing', `requestChecksumCalculation: 'WHEN_REQUIRED'`),
    expected: '"-3"',
  },
  {
    name: 'Uppy uploads in parts from the page, each with its ETag',
    on: 'MinIO',
    values: async (_, browser) => ({ key: `uppy-${browser}` }),
    script: `${loadClients} ${content}
      const uppy = new clients.Uppy({ logger: { debug() {}, warn() {}, error() {} } }); const parts = [];
      uppy.use(clients.AwsS3, {
        shouldUseMultipart: true, getChunkSize: () => 5 << 20, generateObjectKey: () => key,
        signRequest: async request => (await fetch('/sign?' + new URLSearchParams(request))).json(),
      });
      uppy.on('s3-multipart:part-uploaded', (_, part) => parts.push(/^"?[0-9a-f]{32}"?$/.test(part.ETag)));
      uppy.addFile({ name: key, type: 'application/octet-stream', data: new Blob([content]) });
      const { successful, failed } = await uppy.upload();
      return [successful.length, failed.map(({ error }) => error), parts]`,
    expected: [1, [], [true, true, true]],
    after: async (t, world, browser) => void t.ok(await isWhole(world, `uppy-${browser}`), 'every byte is there'),
  },
]
