import t from 'tap'
import { isCorsWrite, watchCorsWrites } from '../../src/daemon/cors-writes.ts'
import type { PolicySources, WriteEffect } from '../../src/policies/policy-sources.ts'
import type { RequestRecord } from '../../src/proxy/request/request-record.ts'
import type { Log } from '../../src/telemetry/log/log.ts'
import { makeRecord } from '../fixtures/request-records.ts'

const cases: readonly { readonly name: string; readonly record: Partial<RequestRecord>; readonly write: boolean }[] = [
  { name: 'PUT ?cors with 200', record: { method: 'PUT', target: '/b?cors', status: 200 }, write: true },
  { name: 'PUT ?cors= with 200', record: { method: 'PUT', target: '/b/?cors=', status: 200 }, write: true },
  { name: 'DELETE ?cors with 204', record: { method: 'DELETE', target: '/b?cors', status: 204 }, write: true },
  {
    name: 'a presigned PUT ?cors',
    record: { method: 'PUT', target: '/b?X-Amz-Signature=0&cors&x=1', status: 200 },
    write: true,
  },
  {
    name: 'a PUT that an SDK names in its query',
    record: { method: 'PUT', target: '/b?cors&x-id=PutBucketCors', status: 200 },
    write: true,
  },
  { name: 'an encoded DELETE ?cors', record: { method: 'DELETE', target: '/b?%63ors', status: 204 }, write: true },
  {
    name: 'a PUT of an object with such a parameter',
    record: { method: 'PUT', target: '/b/key?cors', status: 200, object: true },
    write: false,
  },
  { name: 'GET ?cors', record: { method: 'GET', target: '/b?cors', status: 200 }, write: false },
  { name: 'a refused PUT ?cors', record: { method: 'PUT', target: '/b?cors', status: 403 }, write: false },
  { name: 'a PUT ?cors without an answer', record: { method: 'PUT', target: '/b?cors', status: 0 }, write: false },
  { name: 'a PUT of another subresource', record: { method: 'PUT', target: '/b?corset', status: 200 }, write: false },
  { name: 'a PUT of an object', record: { method: 'PUT', target: '/b/cors', status: 200 }, write: false },
  {
    name: 'a PUT ?cors that the proxy itself carried out',
    record: { kind: 'managed', method: 'PUT', target: '/b?cors', status: 200 },
    write: false,
  },
  {
    name: 'a PUT of no bucket',
    record: { method: 'PUT', target: '/?cors', status: 200, bucket: undefined },
    write: false,
  },
]
for (const { name, record, write } of cases) {
  t.test(`${name} is ${write ? 'a write of rules' : 'none'}`, async t => {
    t.equal(isCorsWrite(makeRecord(record)), write)
  })
}

for (const [effect, warns] of [
  ['refreshed', undefined],
  ['ungoverned', undefined],
  ['without-effect', 'cors_write_without_effect'],
  ['unclear', 'cors_write_unclear'],
] as const satisfies readonly (readonly [WriteEffect, string | undefined])[]) {
  t.test(`a write that is ${effect} is ${warns ? 'told to the operator' : 'no news'}`, async t => {
    const ended: RequestRecord[] = []
    const written: string[] = []
    const warned: string[] = []
    const observer = watchCorsWrites(
      { started() {}, ended: record => ended.push(record), warned() {} },
      () =>
        ({
          corsWritten(bucket: string) {
            written.push(bucket)
            return effect
          },
        }) as Partial<PolicySources> as PolicySources,
      { warn: (event: string) => warned.push(event) } as Partial<Log> as Log,
    )
    observer.ended(makeRecord({ method: 'PUT', target: '/media?cors', status: 200 }))
    observer.ended(makeRecord({ method: 'GET', target: '/media/x', status: 200 }))
    t.equal(ended.length, 2, 'every record goes on')
    t.strictSame(written, ['media'])
    t.strictSame(warned, warns === undefined ? [] : [warns])
  })
}
