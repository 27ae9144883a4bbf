import type { SourcePosition } from '../../text/source-position.ts'
import type { Path } from '../issue.ts'
import type { TextFault } from './decode-text.ts'

/** A document read into plain data that still knows where each part stood. */
export interface Located {
  /** Maps are objects without a prototype; undefined when the text could not be read at all. */
  readonly value: unknown
  readonly faults: readonly TextFault[]
  /**
   * Where `path` stands, its key or its value. What is absent is shown at the nearest part around it; `exact` tells which.
   */
  locate(path: Path, at: 'key' | 'value'): (SourcePosition & { readonly exact: boolean }) | undefined
}
