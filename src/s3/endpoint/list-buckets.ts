// ListBuckets: which buckets the proxy's own credentials can see.

import type { XmlElement } from '@rgrove/parse-xml'
import { childElements, localName, readXml } from '../xml/xml-document.ts'
import { type FetchFailure, failureOf } from './fetch-failure.ts'
import type { S3Caller } from './s3-call.ts'

/** Every bucket name there is, or why not: never a part of them. */
export type BucketListResult = { readonly kind: 'buckets'; readonly names: ReadonlySet<string> } | FetchFailure

/** Asks for the whole list, page after page; never rejects. */
export type ListBuckets = (signal?: AbortSignal) => Promise<BucketListResult>

/** 2 MiB a page: an account's 10,000 buckets come in one page of about 1.3 MB from endpoints that do not paginate. */
const maxPageBytes = 2 * 1024 * 1024
/** 20 pages: more buckets than that and the list is of no use as a filter held in memory. */
const maxPages = 20

/** The first page is asked for without parameters, which every endpoint understands; further ones only where the endpoint names a token. */
export function createListBuckets(call: S3Caller, now: () => number = Date.now): ListBuckets {
  return async signal => {
    const names = new Set<string>()
    let token: string | undefined
    for (let page = 0; page < maxPages; page++) {
      const query = token === undefined ? undefined : `continuation-token=${encodeURIComponent(token)}`
      const answer = await call({ method: 'GET', query, maxBodyBytes: maxPageBytes, signal })
      if ('kind' in answer) return answer
      if (answer.status !== 200) return failureOf(answer, now())
      const read = readPage(answer.body)
      if (read === undefined)
        return { kind: 'failure', reason: 'malformed', detail: 'the list of buckets is not ListAllMyBucketsResult' }
      for (const name of read.names) names.add(name)
      if (read.token === undefined) return { kind: 'buckets', names }
      if (read.token === token)
        return { kind: 'failure', reason: 'malformed', detail: 'the list of buckets names the same page twice' }
      token = read.token
    }
    return { kind: 'failure', reason: 'oversized', detail: `the list of buckets has more than ${maxPages} pages` }
  }
}

interface Page {
  readonly names: readonly string[]
  readonly token: string | undefined
}

function readPage(body: Buffer): Page | undefined {
  const { root } = readXml(body.toString('utf8'), maxPageBytes)
  if (root === undefined || localName(root) !== 'ListAllMyBucketsResult') return undefined
  const buckets = named(root, 'Buckets').flatMap(element => named(element, 'Bucket'))
  return {
    names: buckets.flatMap(bucket => named(bucket, 'Name').map(name => name.text.trim())),
    token: named(root, 'ContinuationToken')[0]?.text.trim() || undefined,
  }
}

function named(parent: XmlElement, name: string): readonly XmlElement[] {
  return childElements(parent).filter(element => localName(element) === name)
}
