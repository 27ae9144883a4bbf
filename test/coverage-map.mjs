import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** The tests of a folder answer for its source files, and no other tests do. */
export default test => {
  const folder = dirname(test).replace(/^test/, 'src')
  try {
    const files = readdirSync(folder).filter(name => name.endsWith('.ts'))
    return files.map(name => `${folder}/${name}`)
  } catch {
    return null
  }
}
