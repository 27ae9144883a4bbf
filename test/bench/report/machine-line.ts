/** What a report says of the machine that it was made on. */
export interface MachineDescription {
  readonly cpu: string
  readonly cores: number
  readonly kernel: string
  readonly node: string
  readonly nginx?: string | undefined
  readonly haproxy?: string | undefined
  /** ISO 8601. */
  readonly date: string
}

/** One line; without a date where that is empty. */
export function describeRun({ cpu, cores, kernel, node, nginx, haproxy, date }: MachineDescription): string {
  const programs = `${cpu}, ${cores} cores, Linux ${kernel}; Node ${node}, nginx ${nginx}, HAProxy ${haproxy}`
  return date === '' ? programs : `${programs}; ${date}.`
}
