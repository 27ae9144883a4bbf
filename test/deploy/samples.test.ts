// What this project shows its readers to copy: `check` says nothing about it.

import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { root, snippets } from '../docs/snippets.ts'
import { localhostCertificate, localhostKey } from '../fixtures/localhost-certificate.ts'
import { checkConfiguration } from './configuration-check.ts'

t.setTimeout(300_000)

/** What is no part of a configuration: secrets, which come from where it is deployed. */
const env = {
  S3CORS_ADMIN_TOKEN: 'token-of-this-sample',
  AWS_ACCESS_KEY_ID: 'key-of-this-sample',
  AWS_SECRET_ACCESS_KEY: 'secret-of-this-sample',
}

const tlsFiles = {
  'ca.pem': localhostCertificate,
  'tls.crt': localhostCertificate,
  'tls.key': localhostKey,
  'client.crt': localhostCertificate,
  'client.key': localhostKey,
}

/** `report` is there for what it does, and `check` has to say so. */
const expected = (configuration: string) =>
  /enforcement: report/.test(configuration) ? [/is NOT PROTECTED: "report" only counts/] : []

const files = globSync(['config/*.yaml', 'deploy/**/proxy.yaml'], { cwd: root }).toSorted()

t.test('files', async t => {
  t.ok(files.length >= 6, files.join(' '))
  for (const file of files) {
    const configuration = readFileSync(join(root, file), 'utf8')
    const beside = globSync('*.{json,xml}', { cwd: join(root, dirname(file)) })
    const { exitCode, issues } = await checkConfiguration(configuration, {
      files: Object.fromEntries(beside.map(name => [name, readFileSync(join(root, dirname(file), name), 'utf8')])),
      env,
    })
    t.equal(exitCode, 0, file)
    t.match(issues, expected(configuration), `${file}: nothing to say`)
    t.equal(issues.length, expected(configuration).length, `${file}: ${issues.join('\n')}`)
  }
})

/** The configuration that a block is, or the one in values of the chart. */
function configurationIn(text: string): object | undefined {
  const value = parse(text) as { readonly buckets?: unknown; readonly config?: { readonly buckets?: unknown } } | null
  return [value, value?.config].find(part => part?.buckets !== undefined) ?? undefined
}

t.test('blocks of the documentation', async t => {
  const cors = readFileSync(join(root, 'config/cors.json'), 'utf8')
  let tried = 0
  for (const { place, language, text } of snippets()) {
    const configuration = language === 'yaml' ? configurationIn(text) : undefined
    if (configuration === undefined) continue
    tried++
    const args = [
      ...('upstream' in configuration ? [] : ['--upstream-url', 'http://127.0.0.1:9000']),
      // A part is shown without the names of the whole.
      ...('hosts' in configuration || 'virtualHosts' in configuration ? [] : ['--hosts', 's3.example.com']),
    ]
    const { exitCode, issues } = await checkConfiguration(stringify(configuration), {
      files: { ...tlsFiles, 'cors.json': cors },
      env,
      args,
    })
    t.equal(exitCode, 0, place)
    t.match(issues, expected(text), `${place}: nothing to say`)
    t.equal(issues.length, expected(text).length, `${place}: ${issues.join('\n')}`)
  }
  t.ok(tried > 20, `${tried} blocks`)
})
