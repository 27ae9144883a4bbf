import type { Test } from 'tap'
import type { BrowserName } from '../web-browser.ts'
import type { EndpointName, MatrixWorld } from './matrix-world.ts'

/** One row of the matrix: what a page does, and what it gets in every browser. */
export interface MatrixCase {
  /** A statement. */
  readonly name: string
  /** Which endpoint the page talks to; its origin is `s3` in the script. */
  readonly on: EndpointName
  /** Runs in a page of https://my-app.xyz with the helpers of matrix-page.ts, and returns what the page got. */
  readonly script: string
  readonly expected: unknown
  /** Where a browser is known to differ. */
  readonly unlike?: Readonly<Partial<Record<BrowserName, unknown>>>
  /** How many preflights the proxy must have answered. */
  readonly preflights?: number
  /** Further names for the script. */
  readonly values?: (world: MatrixWorld, browser: BrowserName) => Promise<Readonly<Record<string, unknown>>>
  /** What must hold afterwards. */
  readonly after?: (t: Test, world: MatrixWorld, browser: BrowserName) => Promise<void>
}
