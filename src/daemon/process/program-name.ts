import { basename } from 'node:path'
import { escapeControls } from '../../text/escape-controls.ts'

/** Programs whose own name says nothing of what they run. */
const interpreter = /^(?:node|nodejs|bun|deno|python[\d.]*|ruby[\d.]*|perl[\d.]*|php[\d.]*|java|sh|bash|dash)$/
/** What stands behind these is a text of code. */
const beforeCode = new Set(['--eval', '--print', '-p', '--command'])
/** `-e`, `-c`, `-E`, and among others, as in `bash -lc` and `perl -ne`. The words of Java have such letters, and it runs no text. */
const codeLetters = /^-[A-Za-z]*[ceE]/
/** `php -r`, and what it runs before, for and after each line. */
const codeOfPhp = /^-[rRBEF]/
/** What stands behind these is a value of theirs. */
const beforeValue = new Set(['-r', '--require', '--import', '--loader', '-C', '-W', '-X', '-cp', '-classpath', '-I'])
/** What a path or the name of a module is made of. URLs are none: they may hold passwords. */
const plainWord = /^[\w@%+./-]+$/

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
  const script = interpreter.test(name) ? scriptOf(name, words) : undefined
  return shorten(escapeControls(script === undefined ? name : `${name} ${script}`))
}

/** The path or module that an interpreter runs; undefined where it may be something else: code, or the value of an option. */
function scriptOf(name: string, words: readonly string[]): string | undefined {
  const isJava = name === 'java'
  let isBehindOption = false
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    if ((isJava && word === '-jar') || (name.startsWith('python') && word === '-m')) {
      const next = words[at + 1] ?? ''
      return plainWord.test(next) && !next.startsWith('-') ? next : undefined
    }
    if (beforeCode.has(word) || (name.startsWith('php') && codeOfPhp.test(word))) return undefined
    if (beforeValue.has(word)) at++
    else if (word.startsWith('-')) {
      if (!isJava && codeLetters.test(word)) return undefined
      isBehindOption = /^--[^=]+$/.test(word)
    } else if (word !== 'run') return isScript(word, isBehindOption) ? word : undefined
  }
  return undefined
}

/** Behind an option that is not known, a word may be its value: a secret has slashes at times, and no short ending. */
function isScript(word: string, isBehindOption: boolean): boolean {
  if (!plainWord.test(word)) return false
  return isBehindOption ? /\w\.[A-Za-z]{1,5}$/.test(word) : word.includes('/') || /\w\.\w+$/.test(word)
}

/** The end tells more than the beginning. */
function shorten(text: string): string {
  if (text.length <= maxLength) return text
  const [name = '', ...rest] = text.split(' ')
  const left = maxLength - name.length - 2
  return left <= 0 ? `${text.slice(0, maxLength - 1)}…` : `${name} …${rest.join(' ').slice(-left)}`
}
