// The fenced blocks of the documentation, as its readers copy them.

import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Snippet {
  /** `README.md:37`, where the block begins. */
  readonly place: string
  readonly file: string
  readonly language: string
  /** Without the fence and without the indentation that it has. */
  readonly text: string
}

/** Every page of the documentation. */
export function pages(): readonly string[] {
  return globSync(['*.md', 'config/**/*.md', 'deploy/**/*.md'], { cwd: root }).toSorted()
}

export function snippets(): readonly Snippet[] {
  return pages().flatMap(file => {
    const text = readFileSync(`${root}${file}`, 'utf8')
    return [...text.matchAll(/^( *)```(\S*)\n([\s\S]*?)^ *```$/gm)].map(match => {
      const [, indent = '', language = '', content = ''] = match
      const line = text.slice(0, match.index).split('\n').length
      return { place: `${file}:${line}`, file, language, text: content.replaceAll(new RegExp(`^${indent}`, 'gm'), '') }
    })
  })
}

/** The commands of a block, one each, with continued lines joined. */
export function commandsOf({ text }: Snippet): readonly string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
}
