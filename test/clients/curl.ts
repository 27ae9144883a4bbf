import { findExecutable, skipWithout, usable } from '../servers/installed.ts'

/** For the `skip` option of a test that runs commands with curl, which it takes from PATH. */
export function skipWithoutCurl(): string | false {
  const found = usable({ name: 'curl', file: findExecutable('curl'), oldest: '7.70' })
  return skipWithout('curl', found !== undefined, 'apt-get install --no-install-recommends curl')
}
