// What users install has no advisory that is known and open. Where a registry tells advisories, `npm audit` asks for
// newer ones too.

import { readFileSync } from 'node:fs'
import t from 'tap'

interface Installed {
  readonly version: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
}

/** Advisories of packages that users get: the version that mends them, and who says so. */
const advisories: readonly { package: string; ids: readonly string[]; mendedIn: string; source: string }[] = [
  {
    package: 'undici',
    ids: ['CVE-2026-84961', 'CVE-2026-85014', 'CVE-2026-84933', 'CVE-2026-19534'],
    mendedIn: '8.11.2',
    source: 'https://github.com/nodejs/undici/security/advisories',
  },
  {
    package: 'undici',
    ids: ['CVE-2026-1525', 'CVE-2026-1526', 'CVE-2026-1527', 'CVE-2026-1528', 'CVE-2026-2229', 'CVE-2026-2581'],
    mendedIn: '7.24.0',
    source: 'https://github.com/nodejs/undici/security/advisories',
  },
  {
    package: 'follow-redirects',
    ids: ['CVE-2026-40895'],
    mendedIn: '1.16.0',
    source: 'https://github.com/follow-redirects/follow-redirects/security/advisories',
  },
  {
    package: 'yaml',
    ids: ['CVE-2026-33532'],
    mendedIn: '2.8.3',
    source: 'https://github.com/eemeli/yaml/security/advisories',
  },
]

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, Installed>>
}
const production = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true)
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

/** Whether `version` comes at or after `other`, by its three numbers. */
function isAtLeast(version: string, other: string): boolean {
  const [one, two] = [version, other].map(text => text.split(/[.-]/, 3).map(Number))
  for (let i = 0; i < 3; i++) {
    const difference = (one?.[i] ?? 0) - (two?.[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

for (const [version, other, expected] of [
  ['8.12.4', '8.11.2', true],
  ['8.11.2', '8.11.2', true],
  ['8.9.10', '8.11.2', false],
  ['10.0.0', '9.9.9', true],
  ['1.15.9', '1.16.0', false],
] as const) {
  t.equal(isAtLeast(version, other), expected, `${version} at or after ${other}`)
}

for (const { package: name, ids, mendedIn, source } of advisories) {
  t.test(`${name} is mended for ${ids.join(', ')}`, async t => {
    const copies = production.filter(([path]) => nameOf(path) === name)
    t.not(copies.length, 0, 'it is installed: else its row can go')
    for (const [path, { version }] of copies)
      t.ok(isAtLeast(version, mendedIn), `${path} ${version}, mended in ${mendedIn}: ${source}`)
  })
}

t.test('nothing that users install runs a script while it is installed', async t => {
  t.strictSame(
    production.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path),
    [],
  )
})
