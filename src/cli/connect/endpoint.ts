import type { Configuration } from '../../config/configuration.ts'
import type { Environment } from '../../config/environment.ts'
import type { UpstreamFiles } from '../../daemon/upstream/upstream.ts'
import { anonymous, type CredentialProvider, createEnvironmentCredentials } from '../../s3/endpoint/credentials.ts'
import { createTransport, type Transport } from '../../s3/endpoint/endpoint-transport.ts'
import { createS3Caller, type S3Caller } from '../../s3/endpoint/s3-call.ts'

/** Who calls, and under which name the endpoint is addressed. */
export interface CallerWishes {
  /** What Host carries, after `BUCKET.` if the addressing is `virtual`; the connection goes to the same endpoint all the same. */
  readonly authority?: string | undefined
  readonly addressing?: 'path' | 'virtual' | undefined
  readonly anonymous?: boolean | undefined
  /** With keys that no endpoint knows, whatever the environment holds. */
  readonly madeUpKeys?: boolean | undefined
}

/** The endpoint of a configuration, asked with the proxy's own keys, deadline and TLS settings. */
export interface Endpoint {
  readonly transport: Transport
  readonly credentials: CredentialProvider
  /** As the proxy itself calls, but for what is wished. */
  callerAs(wishes: CallerWishes): S3Caller
  close(): Promise<void>
}

const madeUp: CredentialProvider = async () => ({
  accessKeyId: 'S3CORSPROXYMADEUPKEY',
  secretAccessKey: 'made-up-by-s3-cors-proxy-for-one-check',
})

/** How many calls may be under way at a time: as many as the transport has connections. */
export const parallelCalls = 8

/** Nothing is connected yet. */
export function openEndpoint(
  { upstream, rules }: Configuration,
  files: UpstreamFiles,
  environment: Environment,
): Endpoint {
  const { url, region } = upstream
  const transport = createTransport({ url, ...files, timeoutMs: rules.timeoutSeconds * 1000 })
  const credentials = upstream.credentials === 'none' ? anonymous : createEnvironmentCredentials(environment)
  return {
    transport,
    credentials,
    callerAs: wishes =>
      createS3Caller({
        transport: { ...transport, authority: wishes.authority ?? transport.authority },
        protocol: url.protocol,
        region,
        addressing: wishes.addressing ?? upstream.addressing,
        credentials: wishes.madeUpKeys === true ? madeUp : wishes.anonymous === true ? anonymous : credentials,
      }),
    close: () => transport.close(),
  }
}
