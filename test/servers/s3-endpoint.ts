import type { StopOptions } from './server-process.ts'

/** A real S3 server running for a test, on a port of 127.0.0.1. */
export interface S3Endpoint {
  /** `http://127.0.0.1:PORT`, where path-style requests go. */
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  /** The base domain of virtual-hosted-style requests. */
  readonly virtualHost: string
  stop(options?: StopOptions): Promise<void>
}
