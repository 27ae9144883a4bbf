import { describeIssue } from '../config/issue.ts'
import { loadConfiguration } from '../config/loading/load-configuration.ts'
import type { Explanation } from '../cors/explain/explain.ts'
import { renderExplanation } from '../cors/explain/explanation-text.ts'
import { toFieldValue } from '../cors/patterns/field-value.ts'
import { explainQuestion, type Question } from '../daemon/explanations.ts'
import { createPolicyTable } from '../policies/policy-table.ts'
import type { Command, ExitCode, ParsedArguments, Terminal } from './command.ts'
import { configOption, configurationSource } from './configuration-source.ts'
import { askRunningProxy } from './running-proxy.ts'

/** Why a request is allowed or denied, and the smallest change that would allow it. */
export const explain: Command = {
  name: 'explain',
  synopsis: '--config FILE --bucket B --origin O [--method M] [--header H …] [--actual] [--json]',
  meaning: 'Tell which rule allows a request, or what each rule lacks and the smallest change that would allow it.',
  details: ['Exit code 0 whether it is allowed or not.'],
  options: [
    configOption,
    {
      name: 'url',
      kind: 'text',
      value: 'URL',
      meaning: 'ask the admin port of a running proxy instead, e.g. http://127.0.0.1:9464',
    },
    { name: 'bucket', kind: 'text', value: 'BUCKET', meaning: 'the bucket' },
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
    const missing = ['bucket', 'origin'].filter(name => !given.texts[name])
    for (const name of missing) terminal.err(`--${name}: the value is missing\n`)
    if (missing.length > 0) return 64
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
  const query = new URLSearchParams({ bucket: texts.bucket ?? '', origin: toFieldValue(texts.origin ?? '') })
  if (texts.method !== undefined) query.set('method', texts.method)
  for (const header of lists.header ?? []) query.append('header', toFieldValue(header))
  if (switches.has('actual')) query.set('actual', 'true')
  return query
}

/** The same question, asked here: the fields of a preflight, or those of the request itself. */
function questionOf({ texts, lists, switches }: ParsedArguments): Question {
  const method = texts.method || 'GET'
  const isActual = switches.has('actual')
  return {
    bucket: texts.bucket ?? '',
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
  const question = questionOf(given)
  const { buckets } = configuration
  const entry = buckets.find(({ name }) => name === question.bucket) ?? buckets.find(({ name }) => name === '*')
  if (entry?.source === 'upstream' || entry?.source === 'managed') {
    terminal.err(`the rules of this bucket are "from: ${entry.source}": ask the proxy that runs, with --url\n`)
    return 64
  }
  return explainQuestion(question, createPolicyTable(buckets), configuration.vary)
}
