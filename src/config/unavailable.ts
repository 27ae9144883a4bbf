import type { Path } from './issue.ts'
import { child } from './raw-value.ts'

/** Something the schema knows and this version refuses. */
export interface Unavailable {
  readonly path: Path
  readonly value: unknown
  readonly message: string
  readonly allowed: string
}

type Feature = (raw: unknown) => readonly Unavailable[]

/** One line for each feature that is designed, documented and not in this version: whoever adds it removes its line. */
const features: readonly Feature[] = [raw => severalWorkers(raw)]

/** Every use of a feature that this version does not have. */
export function findUnavailable(raw: unknown): readonly Unavailable[] {
  return features.flatMap(feature => feature(raw))
}

function severalWorkers(raw: unknown): readonly Unavailable[] {
  const workers = child(raw, ['workers'])
  if (typeof workers !== 'number' || workers <= 1) return []
  return [
    {
      path: ['workers'],
      value: workers,
      message: 'more than one worker is not available in this version',
      allowed: '1',
    },
  ]
}
