// Every client against one endpoint, directly or through the proxy.

import { findAwsCli, howToGetAwsCli, runAwsCli } from '../clients/aws-cli.ts'
import { runAwsSdk } from '../clients/aws-sdk.ts'
import { runMinioJs } from '../clients/minio-js.ts'
import type { ClientTarget, Outcomes } from '../clients/outcome.ts'
import { skipWithout } from './installed.ts'

export interface MatrixRow {
  readonly client: string
  readonly style: ClientTarget['style']
  /** Makes every request carry an Origin, as the SDK in a browser does. */
  readonly origin?: string | undefined
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
    { client: 'awscli', style: 'path', skip: awsCli, run: runAwsCli },
  ]
}
