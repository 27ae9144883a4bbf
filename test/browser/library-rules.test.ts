// The two rules that config/README gives its readers to paste, in front of MinIO, with the libraries that they are for, in both
// browsers: whole, and without each of their elements in turn. Where a page then gets less, `check` or `explain` names the element.

import t from 'tap'
import { parse } from 'yaml'
import { snippets } from '../docs/snippets.ts'
import { runCli } from '../fixtures/run-cli.ts'
import { skipWithout } from '../servers/installed.ts'
import { findMinio, howToGetMinio } from '../servers/minio.ts'
import { type Library, libraries } from './libraries/library-page.ts'
import { type LibraryWorld, page, s3, startLibraryWorld } from './libraries/library-world.ts'
import {
  type BrowserName,
  browserNames,
  launchBrowser,
  skipWithoutAnyBrowser,
  skipWithoutBrowser,
} from './web-browser.ts'

t.setTimeout(600_000)

interface Rule {
  readonly ID: string
  readonly [key: string]: string | readonly string[]
}

const block = snippets().find(({ file, text }) => file === 'config/README.md' && text.includes('ID: readers'))
const { buckets } = parse(block?.text ?? '') as {
  readonly buckets: Record<string, { readonly CORSRules: readonly Rule[] }>
}
const rules = Object.values(buckets).flatMap(({ CORSRules }) => CORSRules)

interface Trial {
  readonly bucket: string
  readonly rule: Rule
  /** What is taken away; absent: nothing. */
  readonly without?: string
}

const trials: readonly Trial[] = rules.flatMap(rule => [
  { bucket: `${rule.ID}-0`, rule },
  ...['AllowedMethods', 'AllowedHeaders', 'ExposeHeaders']
    .flatMap(key => [...(rule[key] as readonly string[])].map(element => ({ key, element })))
    .map(({ key, element }, index) => {
      const { [key]: list, ...rest } = rule
      const left = (list as readonly string[]).filter(other => other !== element)
      return {
        bucket: `${rule.ID}-${index + 1}`,
        without: element,
        rule: { ...rest, ...(left.length > 0 && { [key]: left }) } as Rule,
      }
    }),
])

/** What the page gets with the whole rule, and the elements without which it gets less. */
const uses: readonly {
  readonly rule: string
  readonly library: Library
  readonly gets: unknown
  readonly needs: readonly string[]
}[] = [
  { rule: 'readers', library: 'pdf.js', gets: [1, 'in ranges'], needs: ['GET', 'Accept-Ranges'] },
  { rule: 'readers', library: 'hyparquet', gets: [{ n: 1 }, { n: 2 }, { n: 3 }], needs: ['GET', 'HEAD'] },
  { rule: 'readers', library: 'pmtiles', gets: ['a tile', 'ETag'], needs: ['GET', 'ETag'] },
  {
    rule: 'sdk',
    library: 'SDK, reading',
    gets: [9, 'text', 34, 'bytes 5-8/9', 'bytes'],
    needs: ['GET', 'HEAD', 'Authorization', 'Range', 'amz-sdk-*', 'x-amz-*', 'ETag', 'Content-Range', 'Accept-Ranges'],
  },
  {
    rule: 'sdk',
    library: 'SDK, in parts',
    gets: '"-2"',
    needs: [
      'PUT',
      'POST',
      'DELETE',
      'Authorization',
      'Content-Type',
      'amz-sdk-*',
      'x-amz-*',
      'ETag',
      'x-amz-checksum-crc32',
    ],
  },
  { rule: 'sdk', library: 'Uppy', gets: [1, 0], needs: ['PUT', 'POST', 'Content-Type', 'ETag'] },
]

const skip = skipWithoutAnyBrowser() || skipWithout('MinIO', findMinio() !== undefined, howToGetMinio)

t.test('the rules to paste', { skip }, async t => {
  const world = await startLibraryWorld(t, Object.fromEntries(trials.map(({ bucket, rule }) => [bucket, [rule]])))
  const whole = trials.filter(({ without }) => without === undefined).map(({ bucket }) => `buckets.${bucket}.`)
  const checked = await runCli(['check', '--config', world.proxy.configFile])
  const warned = checked.out.split('\n').filter(line => whole.some(name => line.includes(name)))
  t.strictSame(warned, [], 'check has nothing to say of the whole rules')
  for (const name of browserNames) {
    await t.test(name, { skip: skipWithoutBrowser(name) }, async t => {
      const browser = await launchBrowser(t, name, world.internet)
      const tab = await browser.open(page)
      for (const use of uses) {
        await t.test(use.library, async t => {
          const missed: string[] = []
          for (const { bucket, without } of trials.filter(({ rule }) => rule.ID === use.rule)) {
            await tab.goto(page)
            const got = await tab.run(libraries[use.library], valuesOf(world, bucket, name)).catch(String)
            if (without === undefined) {
              t.strictSame(got, use.gets, 'works with the whole rule')
              continue
            }
            if (JSON.stringify(got) === JSON.stringify(use.gets)) continue
            missed.push(without)
            const tellers = await whoTells(world, checked.out + checked.err, bucket, without)
            t.comment(`without ${without}: ${JSON.stringify(got)}; told by ${tellers.join(', ')}`)
            t.not(tellers.length, 0, `check or explain names ${without}, without which the page gets less`)
          }
          t.strictSame(missed, use.needs, 'what it needs of the rule')
        })
      }
    })
  }
})

function valuesOf({ minio }: LibraryWorld, bucket: string, browser: BrowserName) {
  const { accessKeyId, secretAccessKey } = minio
  return { s3, bucket, key: `from-${browser}`, credentials: { accessKeyId, secretAccessKey } }
}

interface Seen {
  readonly buckets: readonly {
    readonly denied: {
      readonly origins: readonly {
        readonly requests: readonly { readonly method: string; readonly headers: readonly string[] }[]
      }[]
    }
  }[]
}

interface Explained {
  readonly change?: { readonly additions?: Readonly<Record<string, readonly string[]>> }
  readonly readable?: { readonly hidden: readonly string[] }
}

/** How a user learns of `element`: by a warning of `check`, by the change to what was refused, or by what a page cannot read. */
async function whoTells({ proxy }: LibraryWorld, checked: string, bucket: string, element: string): Promise<string[]> {
  const start = element.replace('*', '').toLowerCase()
  const isIt = (name: string) =>
    name.toLowerCase().replace('*', '').startsWith(start) || element.startsWith(name.replace('*', ''))
  const explain = async (query: Readonly<Record<string, string>>, headers: readonly string[]) => {
    const parameters = new URLSearchParams({ bucket, origin: page, ...query })
    for (const header of headers) parameters.append('header', header)
    return (await (await fetch(`${proxy.adminUrl}/explain?${parameters}`)).json()) as Explained
  }
  const { buckets } = (await (await fetch(`${proxy.adminUrl}/origins?bucket=${bucket}`)).json()) as Seen
  const refused = buckets.flatMap(({ denied }) => denied.origins.flatMap(({ requests }) => requests))
  const changes = await Promise.all(refused.map(({ method, headers }) => explain({ method }, headers)))
  const { readable } = await explain({ method: element === 'GET' ? 'HEAD' : 'GET', actual: 'true' }, [])
  const warnings = checked.split('\n').filter(line => line.includes(`buckets.${bucket}.`))
  return [
    ...(warnings.some(line => line.toLowerCase().includes(start)) ? ['check'] : []),
    ...(changes.some(({ change }) =>
      Object.values(change?.additions ?? {})
        .flat()
        .some(isIt),
    )
      ? ['explain']
      : []),
    ...(readable?.hidden.some(isIt) ? ['explain --actual'] : []),
  ]
}
