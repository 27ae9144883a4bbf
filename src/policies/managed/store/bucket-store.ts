// Managed rules in a private bucket of the endpoint itself, where any number of replicas share them.

import { fieldValues } from '../../../http/field-values.ts'
import type { TransportAnswer } from '../../../s3/endpoint/endpoint-transport.ts'
import { parseErrorDocument } from '../../../s3/endpoint/error-document.ts'
import { failureOf } from '../../../s3/endpoint/fetch-failure.ts'
import type { S3Call, S3Caller } from '../../../s3/endpoint/s3-call.ts'
import { type ManagedDocument, maxManagedDocumentBytes, writeManagedDocument } from './managed-document.ts'
import { parseStored, type RuleStore, type StoredDocument } from './rule-store.ts'
import { createStore } from './store-place.ts'

/** Which objects hold the documents. */
export interface BucketStoreOptions {
  readonly bucket: string
  /** Before `BUCKET.json`; ends in `/` or is empty. */
  readonly prefix: string
  /** Where the bucket is, for messages. */
  readonly endpointUrl: string
}

const maxErrorBytes = 64 * 1024

/**
 * A store of one object per bucket, written with the proxy's own credentials: an endpoint's PUT is whole or not at all. Each write
 * is conditional on the version that was read, so that one that was delayed on its way cannot undo a later one; an endpoint that
 * knows no conditions is told so once and then written to without.
 */
export function createBucketStore(call: S3Caller, options: BucketStoreOptions): RuleStore {
  let conditional = true
  let quoted = true

  async function send(bucket: string, request: Omit<S3Call, 'bucket' | 'key'>): Promise<TransportAnswer> {
    const answer = await call({ ...request, bucket: options.bucket, key: `${options.prefix}${bucket}.json` })
    if ('kind' in answer) throw new Error(`the store: ${answer.reason}: ${answer.detail}`)
    return answer
  }

  async function read(bucket: string, signal?: AbortSignal): Promise<StoredDocument> {
    const answer = await send(bucket, { method: 'GET', maxBodyBytes: maxManagedDocumentBytes, signal })
    if (answer.status === 200) {
      const version = fieldValues(answer.headers, 'etag')[0] || undefined
      return { document: parseStored(answer.body, bucket, version), version }
    }
    // NoSuchBucket is the store itself missing: then nothing is known, rather than nothing stored.
    if (answer.status === 404 && parseErrorDocument(answer)?.code === 'NoSuchKey') {
      return { document: undefined, version: undefined }
    }
    throw unusable(answer, options)
  }

  async function replace(document: ManagedDocument, version: string | undefined): Promise<boolean> {
    const answer = await write(document, conditional ? conditionOn(version) : {})
    if (answer.status === 200 || answer.status === 201 || answer.status === 204) return true
    if (conditional && answer.status === 501) {
      conditional = false
      return replace(document, version)
    }
    // 409 ConditionalRequestConflict: two conditional writes at once; 404: what was to be replaced was deleted by hand.
    const overtaken = answer.status === 412 || answer.status === 409 || (answer.status === 404 && version !== undefined)
    if (!conditional || !overtaken) throw unusable(answer, options)
    if (!quoted || version === undefined || (await read(document.bucket)).version !== version) return false
    // No other writer came first: this endpoint (RGW 16) compares If-Match with an ETag that has lost its quotes.
    quoted = false
    return replace(document, version)
  }

  function conditionOn(version: string | undefined): Readonly<Record<string, string>> {
    if (version === undefined) return { 'if-none-match': '*' }
    return { 'if-match': quoted ? version : version.replaceAll('"', '') }
  }

  function write(document: ManagedDocument, headers: Readonly<Record<string, string>>): Promise<TransportAnswer> {
    return send(document.bucket, {
      method: 'PUT',
      headers,
      body: writeManagedDocument(document),
      maxBodyBytes: maxErrorBytes,
    })
  }

  return { read, replace }
}

function unusable(answer: TransportAnswer, { bucket, endpointUrl }: BucketStoreOptions): Error {
  if (parseErrorDocument(answer)?.code === 'NoSuchBucket') {
    return new Error(`the store: the endpoint has no bucket ${bucket}; to do: ${createStore(endpointUrl, bucket)}`)
  }
  const { reason, detail } = failureOf(answer, Date.now())
  return new Error(`the store: ${reason}: ${detail}`)
}
