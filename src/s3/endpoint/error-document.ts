// The endpoint's error answers: what of them a program and a person may rely on.

import type { XmlElement } from '@rgrove/parse-xml'
import { childElements, localName, readXml } from '../xml/xml-document.ts'
import type { TransportAnswer } from './endpoint-transport.ts'

/** The parts of an S3 error document that we use. */
export interface ErrorDocument {
  readonly code: string
  /** The region that the endpoint says it wants. */
  readonly region: string | undefined
  /** The bucket that the endpoint looked for, where it says so. */
  readonly bucketName: string | undefined
}

/** 64 KiB: error documents have some hundred bytes. */
const maxErrorBytes = 64 * 1024

/** An endpoint may have taken a whole Host for the bucket. */
const maxHostLength = 255

/**
 * Reads `<Error><Code>…`; undefined for anything else, such as a load balancer's HTML page. Only the code, the region and the
 * bucket are taken, and only if they are plain words: messages can echo keys and what was signed.
 */
export function parseErrorDocument(answer: TransportAnswer): ErrorDocument | undefined {
  const { root } = readXml(answer.body.toString('utf8'), maxErrorBytes)
  if (root === undefined || localName(root) !== 'Error') return undefined
  const code = word(root, 'Code')
  if (code === undefined) return undefined
  return {
    code,
    region: word(root, 'Region') ?? regionInMessage(root, code),
    bucketName: word(root, 'BucketName', maxHostLength),
  }
}

/** Swift names the region in S3's sentence alone. */
function regionInMessage(root: XmlElement, code: string): string | undefined {
  if (code !== 'AuthorizationHeaderMalformed') return undefined
  const message = childElements(root).find(element => localName(element) === 'Message')?.text
  return message === undefined ? undefined : /; expecting '([A-Za-z0-9-]{1,64})'/.exec(message)?.[1]
}

function word(parent: XmlElement, name: string, maxLength = 64): string | undefined {
  const text = childElements(parent)
    .find(element => localName(element) === name)
    ?.text.trim()
  return text !== undefined && text.length <= maxLength && /^[A-Za-z0-9.-]+$/.test(text) ? text : undefined
}
