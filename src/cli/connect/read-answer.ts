import type { TransportAnswer, TransportFailure } from '../../s3/endpoint/endpoint-transport.ts'
import { parseErrorDocument } from '../../s3/endpoint/error-document.ts'
import type { CallFailure } from '../../s3/endpoint/s3-call.ts'
import { localName, readXml } from '../../s3/xml/xml-document.ts'

/** What an endpoint said, in as few words as tell two answers apart. */
export interface Said {
  /** 0 if there was no answer. */
  readonly status: number
  readonly code: string | undefined
  /** The region that the endpoint wants instead. */
  readonly region: string | undefined
  /** E.g. `404 NoSuchBucket` or `200 ListAllMyBucketsResult`. */
  readonly text: string
}

/** 1 MiB: a list of buckets is the longest answer that is asked for. */
export const maxAnswerBytes = 1024 * 1024

/** Reads an answer, or why there was none. */
export function readAnswer(answer: TransportAnswer | TransportFailure | CallFailure): Said {
  if ('kind' in answer) return { status: 0, code: undefined, region: undefined, text: answer.detail }
  const error = parseErrorDocument(answer)
  const word = error?.code ?? rootName(answer.body)
  return {
    status: answer.status,
    code: error?.code,
    region: error?.region,
    text: word === undefined ? String(answer.status) : `${answer.status} ${word}`,
  }
}

function rootName(body: Buffer): string | undefined {
  const { root } = readXml(body.toString('utf8'), maxAnswerBytes)
  const name = root === undefined ? undefined : localName(root)
  return name !== undefined && /^[A-Za-z]{1,64}$/.test(name) ? name : undefined
}
