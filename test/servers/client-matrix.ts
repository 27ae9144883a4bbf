// Every client against one endpoint, directly or through the proxy.

import { findAwsCli, howToGetAwsCli, runAwsCli } from '../clients/aws-cli.ts'
import { runAwsSdk } from '../clients/aws-sdk.ts'
import {
  type Boto3Run,
  checksums,
  findBoto3,
  findCurrentBoto3,
  howToGetBoto3,
  howToGetCurrentBoto3,
  runBoto3,
} from '../clients/boto3.ts'
import { runMinioJs } from '../clients/minio-js.ts'
import type { ClientTarget, Outcomes } from '../clients/outcome.ts'
import { findRclone, howToGetRclone, runRclone } from '../clients/rclone.ts'
import { findRestic, howToGetRestic, runRestic } from '../clients/restic.ts'
import { findS3cmd, howToGetS3cmd, runS3cmd } from '../clients/s3cmd.ts'
import { findS3fs, hasFuse, howToGetS3fs, runS3fs } from '../clients/s3fs.ts'
import { skipWithout } from './installed.ts'

export interface MatrixRow {
  readonly client: string
  readonly style: ClientTarget['style']
  /** Makes every request carry an Origin, as the SDK in a browser does. */
  readonly origin?: string | undefined
  /** What its requests are known to make use of, as the tap on the wire names it. */
  readonly carries?: readonly string[] | undefined
  /** The run without the proxy ends before the one with it begins. */
  readonly alone?: true | undefined
  /** The parts of a multipart upload are not seen. */
  readonly hidesParts?: true | undefined
  /** The `skip` option of its test. */
  readonly skip: string | false
  readonly run: (target: ClientTarget) => Promise<Outcomes>
}

/** An origin that the rules of the tests allow. */
export const matrixOrigin = 'https://app.example'

export function clientMatrix(): readonly MatrixRow[] {
  const awsCli = skipWithout('awscli', findAwsCli() !== undefined, howToGetAwsCli)
  return [
    { client: 'AWS SDK v3', style: 'path', skip: false, run: runAwsSdk },
    { client: 'AWS SDK v3', style: 'virtual', skip: false, run: runAwsSdk },
    { client: 'AWS SDK v3', style: 'path', origin: matrixOrigin, skip: false, run: runAwsSdk },
    { client: 'minio-js', style: 'path', skip: false, run: runMinioJs },
    { client: 'minio-js', style: 'virtual', skip: false, run: runMinioJs },
    { client: 'awscli', style: 'path', hidesParts: true, skip: awsCli, run: runAwsCli },
  ]
}

const styles = ['path', 'virtual'] as const
const expects = ['Expect: 100-continue', '100 Continue is answered']
/** Go's SDK writes it otherwise. */
const goExpects = ['Expect: 100-Continue', '100 Continue is answered']

/** Of a row that is skipped. */
const absent: Boto3Run = { python: '', checksums: [] }

/**
 * Debian's boto3, and a current one, which sends a checksum with everything. Over TLS it comes as a trailer, for an endpoint
 * that takes those.
 */
export function boto3Matrix({ trailers }: { readonly trailers: boolean }): readonly MatrixRow[] {
  const [debian, current] = [findBoto3()[0], findCurrentBoto3()]
  const withoutDebian = skipWithout('boto3', debian !== undefined, howToGetBoto3)
  const withoutCurrent = skipWithout('a current boto3', current !== undefined, howToGetCurrentBoto3)
  const runWith = (run: Boto3Run) => (target: ClientTarget) => runBoto3(run, target)
  const digested = (name: string) =>
    ['CRC32', 'CRC32C', 'CRC64NVME']
      .filter(algorithm => current?.checksums.includes(algorithm))
      .map(algorithm => `${name}-${algorithm.toLowerCase()}`)
  const missing = current === undefined ? [] : checksums.filter(name => !current.checksums.includes(name))
  const overTls: MatrixRow = {
    client: `boto3 ${current?.version} over TLS`,
    style: 'path',
    carries: [...expects, 'aws-chunked', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', ...digested('trailer x-amz-checksum')],
    skip: withoutCurrent,
    run: runWith({ ...absent, ...current, tls: true }),
  }
  return [
    ...styles.map(style => ({
      client: `boto3 ${debian?.version}`,
      style,
      carries: expects,
      skip: withoutDebian,
      run: runWith({ ...absent, ...debian }),
    })),
    {
      client: `boto3 ${current?.version}`,
      style: 'virtual',
      carries: [...expects, 'Host: BUCKET.s3.localhost', ...digested('x-amz-checksum')],
      skip: withoutCurrent,
      run: runWith({ ...absent, ...current }),
    },
    ...(trailers ? [overTls] : []),
    // One line that says what the rows above leave out.
    ...(missing.length === 0
      ? []
      : [
          {
            client: `boto3 ${current?.version} with ${missing.join(', ')}`,
            style: 'path' as const,
            carries: [],
            skip: skipWithout(`awscrt beside ${current?.python}`, false, howToGetCurrentBoto3),
            run: runWith({ ...absent, ...current }),
          },
        ]),
  ]
}

/** Programs that copy and synchronise. s3cmd starts anew for every operation, and slowly: one style does for it. */
export function copyingMatrix(s3cmdStyle: MatrixRow['style']): readonly MatrixRow[] {
  const rclone = skipWithout('rclone', findRclone() !== undefined, howToGetRclone)
  const s3cmd = skipWithout('s3cmd', findS3cmd() !== undefined, howToGetS3cmd)
  return [
    ...styles.map(style => ({ client: 'rclone', style, carries: goExpects, skip: rclone, run: runRclone })),
    { client: 's3cmd', style: s3cmdStyle, carries: ['content-md5', 'range'], skip: s3cmd, run: runS3cmd },
  ]
}

/** Programs that keep files of their own kind in a bucket. */
export function storingMatrix(): readonly MatrixRow[] {
  const restic = skipWithout('restic', findRestic() !== undefined, howToGetRestic)
  const s3fs = hasFuse()
    ? skipWithout('s3fs', findS3fs() !== undefined, howToGetS3fs)
    : 'this machine allows no mount through /dev/fuse, which s3fs does'
  const signedChunks = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
  return styles.flatMap(style => [
    { client: 'restic', style, carries: [signedChunks, 'range'], hidesParts: true, skip: restic, run: runRestic },
    // A program that starts while a file of a mounted bucket is being written waits for s3fs, and this process for it.
    { client: 's3fs', style, carries: [...expects, 'range'], alone: true, hidesParts: true, skip: s3fs, run: runS3fs },
  ])
}
