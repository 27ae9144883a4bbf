import { readFileSync } from 'node:fs'
import t from 'tap'
import { routes } from '../../src/admin/routes.ts'
import { pages, root } from './snippets.ts'

const operatorPaths = routes.filter(({ who }) => who === 'operator').map(({ path }) => path.split('/')[1] ?? '')
const asked = new RegExp(`--url http://127\\.0\\.0\\.1:9464|:9464/(?:${operatorPaths.filter(Boolean).join('|')})\\b`)

/** What stands before the first command of a page that only the operator may ask for; undefined where there is none. */
function beforeFirstCommand(text: string): string | undefined {
  for (const { index, 0: block } of text.matchAll(/^ *```(?:sh|console)\n[\s\S]*?^ *```$/gm))
    if (asked.test(block)) return text.slice(0, index)
  return undefined
}

t.test(
  'each page says before its first command for the operator as which user, and with what else, it is answered',
  async t => {
    const told: string[] = []
    for (const page of pages()) {
      const before = beforeFirstCommand(readFileSync(`${root}${page}`, 'utf8'))
      if (before === undefined) continue
      told.push(page)
      t.match(before, /\broot\b[\s\S]*?\bproxy's\s+user\b|hostUsers: false/, page)
      t.match(before, /S3CORS_ADMIN_TOKEN/, page)
    }
    t.ok(told.includes('README.md') && told.includes('deploy/README.md') && told.length >= 7, told.join(', '))
  },
)
