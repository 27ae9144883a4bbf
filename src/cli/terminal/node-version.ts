/** The oldest Node that everything here runs on, as package.json says: undici 8 needs it. */
export const oldestNode = '22.19.0'

/** One line for the person who started the program with an older Node; undefined for one that is new enough. */
export function nodeFault(version: string): string | undefined {
  const order = version.localeCompare(oldestNode, 'en', { numeric: true })
  return order >= 0 ? undefined : `Node ${version} is too old: s3-cors-proxy needs ${oldestNode} or newer`
}
