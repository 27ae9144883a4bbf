import { child } from '../../config/raw-value.ts'
import { escapeText, quote } from '../../cors/explain/quoted-scalar.ts'
import { suggest } from '../../cors/suggestion/suggest.ts'
import { suggestionHead, suggestionYaml } from '../../cors/suggestion/suggestion-yaml.ts'
import { parseDecimal } from '../../http/decimal.ts'
import { isBucketName } from '../../s3/address/bucket-name.ts'
import { readSeen, type SeenRequest, seenOptions } from '../learning/seen-origins.ts'
import { joinSiblings } from '../learning/sibling-wildcards.ts'
import { askAdminPort } from '../running/running-proxy.ts'
import type { Command, ParsedArguments, Terminal } from '../terminal/command.ts'

const decisions = ['allowed', 'denied'] as const

/** Writes the rules that would allow what was seen. */
export const suggestRules: Command = {
  name: 'suggest',
  synopsis: '--url URL … | --file FILE … [--bucket BUCKET] [--min-count N] [--decision allowed|denied] [--wildcards]',
  meaning: 'Write the fewest rules that allow what was seen, and nothing else, as a configuration.',
  details: [
    'For each bucket, the command groups origins with the same needs, and tells how often and when each was seen. The rules allow',
    'an origin and a method only the header names that were seen with both. What "check" would warn of, such as "null" and http://',
    'origins, gets no rule; a comment names it. Read the rules before you use them: some may serve the pages of strangers.',
    'Exit code 0; 1 if a proxy did not answer; 64 for bad arguments or files.',
  ],
  options: [
    ...seenOptions,
    { name: 'bucket', kind: 'text', value: 'BUCKET', meaning: 'this bucket alone' },
    {
      name: 'min-count',
      kind: 'text',
      value: 'N',
      meaning: 'only origins that came at least N times to the bucket [1]',
    },
    {
      name: 'decision',
      kind: 'text',
      value: 'allowed|denied',
      meaning: 'only what the rules allowed, or denied, when it came [both]',
    },
    {
      name: 'wildcards',
      kind: 'switch',
      meaning:
        'https://*.DOMAIN for siblings under one registrable domain; never under a public suffix or a hosting domain',
    },
  ],
  async run(given, terminal) {
    const { bucket, decision, 'min-count': least = '1' } = given.texts
    const minCount = parseDecimal(least)
    if (minCount < 0) {
      terminal.err(`--min-count: expected a number, got ${JSON.stringify(least)}\n`)
      return 64
    }
    if (decision !== undefined && !decisions.some(known => known === decision)) {
      terminal.err(`--decision: expected allowed or denied, got ${JSON.stringify(decision)}\n`)
      return 64
    }
    const seen = await readSeen(given, terminal)
    if (typeof seen === 'number') return seen
    const asked = seen.requests.filter(
      request =>
        (bucket === undefined || request.bucket === bucket) &&
        (decision === undefined || request.decision === decision),
    )
    const nameless = asked.filter(request => !isBucketName(request.bucket))
    const enough = oftenEnough(
      asked.filter(request => isBucketName(request.bucket)),
      minCount,
    )
    const suggestion = suggest(enough, given.switches.has('wildcards') ? joinSiblings : undefined)
    const unknown = seen.unknown + nameless.reduce((sum, { preflights, actual }) => sum + preflights + actual, 0)
    terminal.out(
      [suggestionHead(unknown, nextSteps(given)), await upstreamLine(given, terminal), suggestionYaml(suggestion)].join(
        '',
      ),
    )
    return 0
  },
}

/** What to do with the file: the commands as they have to be given. */
function nextSteps({ lists: { url: urls = [], file: files = [] } }: ParsedArguments): readonly string[] {
  const seen = [...urls.map(url => `--url ${url}`), ...files.map(file => `--file ${file}`)].slice(0, 5).join(' ')
  return [
    's3-cors-proxy check --config THIS_FILE',
    `s3-cors-proxy compare --config THIS_FILE ${escapeText(seen)}: what it would refuse and allow`,
    'put its buckets into your configuration, which has hosts, listen, tls and the rest',
  ]
}

/** Requests of origins that came at least `minCount` times to the bucket. */
function oftenEnough(requests: readonly SeenRequest[], minCount: number): readonly SeenRequest[] {
  const counts = new Map<string, number>()
  const keyOf = ({ bucket, origin }: SeenRequest) => `${bucket} ${origin}`
  for (const request of requests) {
    counts.set(keyOf(request), (counts.get(keyOf(request)) ?? 0) + request.preflights + request.actual)
  }
  return requests.filter(request => (counts.get(keyOf(request)) ?? 0) >= minCount)
}

/** A configuration needs the endpoint: that of the proxy that was asked, else one to fill in. */
async function upstreamLine(given: ParsedArguments, terminal: Terminal): Promise<string> {
  const [url] = given.lists.url ?? []
  const fillIn = 'upstream: { url: "http://127.0.0.1:9000" } # write the URL of your endpoint here\n'
  if (url === undefined) return fillIn
  const answer = await askAdminPort(url, '/status', new URLSearchParams(), terminal)
  const endpoint = typeof answer === 'number' ? undefined : child(answer.body, ['endpoint'])
  return typeof endpoint === 'string' ? `upstream: { url: ${quote(endpoint)} }\n` : fillIn
}
