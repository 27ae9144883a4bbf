import t from 'tap'
import { parseExplainQuery } from '../../src/admin/explain-query.ts'

const questions: { name: string; query: string; asked: Record<string, unknown> }[] = [
  {
    name: 'a preflight, for GET unless said otherwise',
    query: 'bucket=media&origin=https://a.example',
    asked: {
      bucket: 'media',
      origin: 'https://a.example',
      method: 'OPTIONS',
      requestMethod: 'GET',
      requestHeaders: undefined,
    },
  },
  {
    name: 'a preflight with headers',
    query: 'bucket=media&origin=https://a.example&method=PUT&header=a&header=b,c',
    asked: {
      bucket: 'media',
      origin: 'https://a.example',
      method: 'OPTIONS',
      requestMethod: 'PUT',
      requestHeaders: ['a', 'b,c'],
    },
  },
  {
    name: 'an actual request',
    query: 'bucket=media&origin=https://a.example&method=PATCH&actual=true',
    asked: {
      bucket: 'media',
      origin: 'https://a.example',
      method: 'PATCH',
      requestMethod: undefined,
      requestHeaders: undefined,
    },
  },
  {
    name: 'about the URL of an object',
    query: 'bucket=&url-of-object=https://s3.example/media/a&origin=a.example',
    asked: {
      bucket: '',
      urlOfObject: 'https://s3.example/media/a',
      origin: 'a.example',
      method: 'OPTIONS',
      requestMethod: 'GET',
      requestHeaders: undefined,
    },
  },
  {
    name: 'empty fields of a form, which are absent',
    query: 'bucket=media&origin=&method=&header=&actual=false',
    asked: { bucket: 'media', origin: undefined, method: 'OPTIONS', requestMethod: 'GET', requestHeaders: undefined },
  },
]
for (const { name, query, asked } of questions) {
  t.test(`the question is ${name}`, async t => {
    t.strictSame(parseExplainQuery(new URLSearchParams(query)), { query: asked })
  })
}

const faults: { query: string; fault: RegExp }[] = [
  { query: '', fault: /bucket is missing/ },
  { query: 'bucket=', fault: /bucket is missing/ },
  { query: 'bucket=a&url-of-object=https://b/c', fault: /bucket and url-of-object cannot be combined/ },
  { query: 'bucket=a&bucket=b', fault: /bucket may be given once/ },
  { query: 'bucket=a&origin=b&origin=c', fault: /origin may be given once/ },
  { query: 'bucket=a&orign=b', fault: /allowed parameters/ },
  { query: 'bucket=a&actual=maybe', fault: /true or false/ },
]
for (const { query, fault } of faults) {
  t.test(`'${query}' is no question`, async t => {
    t.match(parseExplainQuery(new URLSearchParams(query)), { fault })
  })
}
