// A site with five libraries, each doing what its users do with a bucket. Each script returns what its page got, or the name of
// the error.

import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bundleForBrowser } from '../browser-bundle.ts'

/** `values` of each script: `s3`, the origin of the endpoint; `bucket`; `key`, of what is written; `credentials`. */
export const libraries = {
  'pdf.js': `const pdfjs = await import('/pdf.min.mjs');
    pdfjs.GlobalWorkerOptions.workerSrc = '/pdf.worker.min.mjs';
    const url = s3 + '/' + bucket + '/book.pdf';
    const task = pdfjs.getDocument({ url, rangeChunkSize: 1 << 16, disableStream: true, disableAutoFetch: true, verbosity: 0 });
    const { numPages } = await task.promise;
    await task.destroy();
    return [numPages, performance.getEntriesByName(url).length > 1 ? 'in ranges' : 'whole']`,
  hyparquet: `const file = await libraries.asyncBufferFromUrl({ url: s3 + '/' + bucket + '/table.parquet' });
    return libraries.parquetReadObjects({ file })`,
  pmtiles: `const archive = new libraries.PMTiles(s3 + '/' + bucket + '/map.pmtiles');
    const { etag } = await archive.getHeader();
    const { data } = await archive.getZxy(0, 0, 0);
    return [new TextDecoder().decode(data), etag === undefined ? 'no ETag' : 'ETag']`,
  'SDK, reading': `const client = new libraries.S3Client({ endpoint: s3, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1 });
    const object = { Bucket: bucket, Key: 'text.txt' };
    const { ContentLength } = await client.send(new libraries.HeadObjectCommand(object));
    const { Body, ETag, ContentRange, AcceptRanges } = await client.send(new libraries.GetObjectCommand({ ...object, Range: 'bytes=-4' }));
    return [ContentLength, await Body.transformToString(), ETag?.length, ContentRange, AcceptRanges]`,
  'SDK, in parts': `const client = new libraries.S3Client({ endpoint: s3, region: 'us-east-1', forcePathStyle: true, credentials, maxAttempts: 1 });
    const object = { Bucket: bucket, Key: key };
    const { ETag } = await new libraries.Upload({ client, params: { ...object, Body: new Blob([new Uint8Array((5 << 20) + 1)]) } }).done();
    await client.send(new libraries.DeleteObjectCommand(object));
    return ETag.replace(/^"[0-9a-f]+/, '"')`,
  Uppy: `const uppy = new libraries.Uppy({ logger: { debug() {}, warn() {}, error() {} } });
    uppy.use(libraries.AwsS3, {
      shouldUseMultipart: true, retryDelays: [], getChunkSize: () => 5 << 20, generateObjectKey: () => key,
      signRequest: async request => (await fetch('/sign?' + new URLSearchParams({ ...request, bucket }))).json(),
    });
    uppy.addFile({ name: key, type: 'application/octet-stream', data: new Blob([new Uint8Array((5 << 20) + 1)]) });
    const { successful, failed } = await uppy.upload();
    uppy.destroy();
    return [successful.length, failed.length]`,
} as const

export type Library = keyof typeof libraries

const html = '<!doctype html><title>libraries</title><script src="/libraries.js"></script><body></body>'
const pdfFolder = join(dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json')), 'build')

/** Serves the pages with the libraries as npm installed them, pdf.js by its modules, the others bundled as a site would. */
export async function serveLibraries(sign: RequestListener): Promise<RequestListener> {
  const script = await bundleForBrowser(
    'libraries',
    `
        export { asyncBufferFromUrl, parquetReadObjects } from 'hyparquet'
        export { PMTiles } from 'pmtiles'
        export { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
        export { Upload } from '@aws-sdk/lib-storage'
        export { default as Uppy } from '@uppy/core'
        export { default as AwsS3 } from '@uppy/aws-s3'`,
  )
  const js = 'text/javascript; charset=utf-8'
  const files: Readonly<Record<string, readonly [string, string | Buffer]>> = {
    '/': ['text/html', html],
    '/libraries.js': [js, script],
    '/pdf.min.mjs': [js, readFileSync(join(pdfFolder, 'pdf.min.mjs'))],
    '/pdf.worker.min.mjs': [js, readFileSync(join(pdfFolder, 'pdf.worker.min.mjs'))],
  }
  return (request, response) => {
    const { pathname } = new URL(request.url ?? '', 'https://my-app.xyz')
    if (pathname === '/sign') return sign(request, response)
    const [type, content] = files[pathname] ?? []
    if (type === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'Content-Type': type }).end(content)
  }
}
