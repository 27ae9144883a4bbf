/** The releases of Node that every change is tested on; the one of the image and of a checkout is among them. */
export const testedNodes: readonly string[] = ['22.19.0', '24.21.0', '26.10.0']

/** Whether a version belongs to one of their lines: what serves is then at most some fixes away from what was tested. */
export function isTestedNode(version: string): boolean {
  const [major] = version.split('.')
  return testedNodes.some(tested => tested.split('.')[0] === major)
}
