import { describeIssue } from '../../config/issue.ts'
import { loadConfiguration } from '../../config/loading/load-configuration.ts'
import type { Explanation } from '../../cors/explain/explain.ts'
import { renderExplanation } from '../../cors/explain/explanation-text.ts'
import { toFieldValue } from '../../cors/patterns/field-value.ts'
import { explainTyped, type TypedQuery } from '../../daemon/operator/explanations.ts'
import { createAddressOf } from '../../daemon/proxy-settings.ts'
import { createPolicyTable } from '../../policies/policy-table.ts'
import { askRunningProxy } from '../running/running-proxy.ts'
import type { Command, ExitCode, ParsedArguments, Terminal } from '../terminal/command.ts'
import { configOption, configurationSource } from '../terminal/configuration-source.ts'

/** Why a request is allowed or denied, and the smallest change that would allow it. */
export const explain: Command = {
  name: 'explain',
  synopsis:
    '--config FILE | --url URL (--bucket B | --url-of-object URL) --origin O [--method M] [--header H …] [--actual] [--json]',
  meaning: 'Tell which rule allows a request, or what each rule lacks and the smallest change that would allow it.',
  details: [
    'The origin may be what the address bar shows; the answer says what a browser sends. With --url, the command asks a running',
    'proxy for the rules in force, and reads neither --config nor the settings; buckets "from: upstream" and "from: managed" need it.',
    'Exit code 0 whether it is allowed or not; 1 if the proxy of --url did not answer; 64 for bad arguments or configuration.',
  ],
  options: [
    configOption,
    {
      name: 'url',
      kind: 'text',
      value: 'URL',
      meaning: 'ask the admin port of a running proxy instead, e.g. http://127.0.0.1:9464',
    },
    { name: 'bucket', kind: 'text', value: 'BUCKET', meaning: 'the bucket' },
    {
      name: 'url-of-object',
      kind: 'text',
      value: 'URL',
      meaning:
        'the URL that the page asks for, instead of the bucket, e.g. https://s3.example.com/my-media/picture.png',
    },
    { name: 'origin', kind: 'text', value: 'ORIGIN', meaning: "the page's origin, e.g. https://my-app.xyz" },
    { name: 'method', kind: 'text', value: 'METHOD', meaning: 'the method of the request [GET]' },
    {
      name: 'header',
      kind: 'list',
      value: 'NAME',
      meaning: 'a header field the page wants to send; may be given again',
    },
    { name: 'actual', kind: 'switch', meaning: 'the request itself, not its preflight' },
    { name: 'json', kind: 'switch', meaning: 'as JSON' },
  ],
  takesSettings: true,
  async run(given, terminal) {
    const { bucket, origin, 'url-of-object': urlOfObject } = given.texts
    const faults = [
      ...(bucket || urlOfObject ? [] : ['--bucket: the value is missing']),
      ...(bucket && urlOfObject ? ['--bucket and --url-of-object cannot be combined; allowed: one of them'] : []),
      ...(origin ? [] : ['--origin: the value is missing']),
    ]
    terminal.err(faults.map(fault => `${fault}\n`).join(''))
    if (faults.length > 0) return 64
    const answer =
      given.texts.url === undefined
        ? await explainHere(given, terminal)
        : await askRunningProxy(given.texts.url, queryOf(given), terminal)
    if (typeof answer === 'number') return answer
    terminal.out(given.switches.has('json') ? `${JSON.stringify(answer, null, 2)}\n` : renderExplanation(answer))
    return 0
  },
}

/** The question as the admin port takes it. */
function queryOf({ texts, lists, switches }: ParsedArguments): URLSearchParams {
  const query = new URLSearchParams({ origin: toFieldValue(texts.origin ?? '') })
  for (const name of ['bucket', 'url-of-object']) if (texts[name]) query.set(name, texts[name])
  if (texts.method !== undefined) query.set('method', texts.method)
  for (const header of lists.header ?? []) query.append('header', toFieldValue(header))
  if (switches.has('actual')) query.set('actual', 'true')
  return query
}

/** The same question, asked here: the fields of a preflight, or those of the request itself. */
function questionOf({ texts, lists, switches }: ParsedArguments): TypedQuery {
  const method = texts.method || 'GET'
  const isActual = switches.has('actual')
  return {
    bucket: texts.bucket ?? '',
    urlOfObject: texts['url-of-object'] || undefined,
    origin: toFieldValue(texts.origin ?? ''),
    method: isActual ? method : 'OPTIONS',
    requestMethod: isActual ? undefined : method,
    requestHeaders: lists.header?.map(toFieldValue),
  }
}

async function explainHere(given: ParsedArguments, terminal: Terminal): Promise<Explanation | ExitCode> {
  const source = configurationSource(given, terminal)
  if (source === undefined) return 64
  const { configuration, issues } = (await loadConfiguration(source)).parsed
  if (configuration === undefined) {
    terminal.err(issues.map(issue => `${describeIssue(issue)}\n`).join(''))
    return 64
  }
  const { buckets, enforcement } = configuration
  const addressOf = createAddressOf(configuration, undefined)
  const explained = explainTyped(questionOf(given), createPolicyTable(buckets, enforcement), {
    ...configuration,
    addressOf,
  })
  const entry = buckets.find(({ name }) => name === explained.bucket) ?? buckets.find(({ name }) => name === '*')
  if (explained.bucket !== '' && (entry?.source === 'upstream' || entry?.source === 'managed')) {
    terminal.err(`the rules of this bucket are "from: ${entry.source}": ask the proxy that runs, with --url\n`)
    return 64
  }
  return explained
}
