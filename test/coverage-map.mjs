import { existsSync } from 'node:fs'

/** Each unit answers for itself: the test of a source file covers that file, and no other test does. */
export default test => {
  const source = test.replace(/^test\//, 'src/').replace(/\.test\.ts$/, '.ts')
  return existsSync(source) ? source : null
}
