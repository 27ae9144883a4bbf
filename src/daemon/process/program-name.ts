import { basename } from 'node:path'
import { escapeControls } from '../../text/escape-controls.ts'

/** Programs whose own name says nothing of what they run. */
const interpreter = /^(?:node|nodejs|bun|deno|python[\d.]*|ruby[\d.]*|perl[\d.]*|php[\d.]*|java|sh|bash|dash)$/
/** What stands behind these is the program, or the name of a module. */
const beforeProgram = new Set(['-jar', '-m', 'run'])
/** What stands behind these is a text of code. */
const beforeCode = new Set(['-e', '--eval', '-p', '--print', '-pe', '-c'])
/** What stands behind these is a value of theirs. */
const beforeValue = new Set(['-r', '--require', '--import', '--loader', '-C', '-W', '-X', '-cp', '-classpath', '-I'])

const maxLength = 80

/**
 * A program as a person knows it, from the words of its command line: `nginx`, `node /opt/site/server.js`, `java minio.jar`.
 * Never its other arguments, which may hold secrets. Undefined where there are no words.
 */
export function nameProgram([first = '', ...words]: readonly string[]): string | undefined {
  // What writes its own title, as nginx and npm do: "nginx: master process /usr/sbin/nginx -g daemon off;", "npm start".
  const own = words.length === 0 ? first.replace(/(?::? ).*$/s, '') : first
  const name = basename(own)
  if (name === '') return undefined
  const script = interpreter.test(name) ? scriptOf(words) : undefined
  return shorten(escapeControls(script === undefined ? name : `${name} ${script}`))
}

function scriptOf(words: readonly string[]): string | undefined {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if (beforeCode.has(word)) return undefined
    if (beforeProgram.has(word)) return words[at + 1]
    if (beforeValue.has(word)) at++
    else if (!word.startsWith('-')) return word
  }
  return undefined
}

/** The end tells more than the beginning. */
function shorten(text: string): string {
  if (text.length <= maxLength) return text
  const [name = '', ...rest] = text.split(' ')
  const left = maxLength - name.length - 2
  return left <= 0 ? `${text.slice(0, maxLength - 1)}…` : `${name} …${rest.join(' ').slice(-left)}`
}
