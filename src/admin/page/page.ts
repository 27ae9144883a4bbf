import { corsMethods } from '../../cors/rules/rule.ts'
import type { BucketStatus } from '../../policies/policy-lookup.ts'
import type { AdminSources, ExplainQuery, OriginLine, UnknownAddresses } from '../admin-sources.ts'
import { parseExplainQuery } from '../explain-query.ts'
import { renderDocument } from './document.ts'
import { type Html, html } from './html.ts'
import { renderConfiguration, renderRefused } from './page-configuration.ts'
import { renderExplanation } from './page-explanation.ts'
import { decisions, deniedReasons, orders, PageView } from './paging.ts'
import { renderBuckets } from './tables/buckets.ts'
import { renderAllowed, renderDenied, renderRest } from './tables/origins.ts'
import { renderRefusals } from './tables/refusals.ts'
import { renderReport } from './tables/report.ts'
import { renderSuggestion } from './tables/suggestion.ts'
import { renderUnknownNames } from './tables/unknown-names.ts'
import { renderUnusedRules } from './tables/unused-rules.ts'

/** A question of the form: with nothing in it there is none. */
function renderAnswer(sources: AdminSources, asked: URLSearchParams): Html {
  if ([...asked.values()].every(value => value === '')) {
    return html`<p class="quiet">Fill in what the browser sends; the answer says which rule decides, and what would change it.</p>`
  }
  const parsed = parseExplainQuery(asked)
  if ('fault' in parsed) return html`<p class="denied">This cannot be asked: ${parsed.fault}.</p>`
  return renderExplanation(sources.explainTyped(parsed.query))
}

/** Names that the form offers: more would make the page large and help little. */
const offeredNames = 200

function renderForm(statuses: readonly BucketStatus[], asked: URLSearchParams): Html {
  const value = (name: string) => asked.get(name) ?? ''
  const names = statuses.slice(0, offeredNames).flatMap(({ bucket }) => (bucket === '*' ? [] : [bucket]))
  const actual = !['', 'false'].includes(value('actual'))
  return html`
<form method="get" action="/#explain">
<p><label for="bucket">Bucket</label><input id="bucket" name="bucket" list="bucket-names" maxlength="255" autocomplete="off" value="${value('bucket')}"></p>
<p><label for="url-of-object">or the URL of an object</label><input id="url-of-object" name="url-of-object" placeholder="https://s3.example.com/my-media/picture.png" maxlength="2048" autocomplete="off" value="${value('url-of-object')}"></p>
<datalist id="bucket-names">${names.map(name => html`<option value="${name}"></option>`)}</datalist>
<p><label for="origin">Origin</label><input id="origin" name="origin" placeholder="https://app.example.com" autocomplete="off" value="${value('origin')}"></p>
<p><label for="method">Method</label><select id="method" name="method">${corsMethods.map(
    method => html`<option${value('method') === method && html` selected`}>${method}</option>`,
  )}</select></p>
<p><label for="header">Requested headers, by comma</label><input id="header" name="header" placeholder="content-type, x-amz-date" autocomplete="off" value="${asked.getAll('header').join(', ')}"></p>
<p><label><input type="checkbox" name="actual" value="true"${actual && html` checked`}> an actual request, not its preflight</label></p>
<p><button type="submit">Explain</button></p>
</form>`
}

function renderHealth(sources: AdminSources, nowMs: number): Html {
  const notReady = sources.notReady()
  const { endpoint, url, workers, configuration } = sources.status()
  return html`${renderRefused(configuration, nowMs)}
<dl>
<div><dt>State</dt><dd>${
    notReady.length === 0
      ? html`<span class="allowed">ready</span>`
      : html`<span class="denied">not ready</span>: ${notReady.join(', ')}`
  }</dd></div>
<div><dt>Takes requests at</dt><dd><code>${url ?? '–'}</code></dd></div>
<div><dt>Endpoint</dt><dd><code>${endpoint}</code></dd></div>
<div><dt>Workers</dt><dd>${workers}</dd></div>
<div><dt>Version</dt><dd>${sources.version}</dd></div>
<div><dt>Node</dt><dd>${process.version}</dd></div>
<div><dt>Up since</dt><dd><time>${new Date(nowMs - process.uptime() * 1000).toISOString().slice(0, 19)}Z</time></dd></div>
<div><dt>As of</dt><dd><time>${new Date(nowMs).toISOString().slice(0, 19)}Z</time></dd></div>
</dl>
${renderConfiguration(configuration, nowMs)}`
}

/** What was asked last by an origin. */
function questionOf(
  {
    origin,
    method,
    headers,
    preflight,
    unknownHost,
  }: Pick<OriginLine, 'origin' | 'method' | 'headers' | 'preflight' | 'unknownHost'>,
  bucket: string,
): ExplainQuery {
  return {
    bucket,
    unknownHost,
    origin,
    method: preflight ? 'OPTIONS' : (method ?? 'GET'),
    requestMethod: preflight ? method : undefined,
    requestHeaders: headers.length === 0 ? undefined : headers,
  }
}

/** A part of the page that the script replaces when it changes, and that folds. */
function renderSection(id: string, title: string, content: Html | readonly (Html | undefined)[], isOpen = true): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title" data-refresh><details class="section" data-key="section ${id}"${isOpen && html` open`}><summary><h2 id="${id}-title">${title}</h2></summary>${content}</details></section>`
}

/** Which rows the tables have, and in which order. */
function renderSearch(view: PageView): Html {
  return html`
<form method="get" action="/" role="search">
<p><label for="search">Only rows whose bucket or origin has</label><input id="search" name="search" maxlength="255" autocomplete="off" value="${view.search}"></p>
<p><label for="of-bucket">Bucket</label><input id="of-bucket" name="of-bucket" list="bucket-names" maxlength="255" autocomplete="off" value="${view.bucket}"></p>
<p><label for="decision">Decision</label><select id="decision" name="decision"><option value="">any</option>${decisions.map(
    decision => html`<option${view.decision === decision && html` selected`}>${decision}</option>`,
  )}</select></p>
<p><label for="reason">Reason of refusals</label><select id="reason" name="reason"><option value="">any</option>${deniedReasons.map(
    reason => html`<option${view.reason === reason && html` selected`}>${reason}</option>`,
  )}</select></p>
<p><label for="order">Order of origins</label><select id="order" name="order">${orders.map(
    ([value, words]) => html`<option value="${value}"${view.order === value && html` selected`}>${words}</option>`,
  )}</select></p>
<p><button type="submit">Show</button></p>
</form>`
}

/**
 * The page: everything of the admin port for a person. `query` is the question of its form, and which rows are shown: what is not
 * shown is not made, so that the page stays small however many buckets and origins there are.
 */
export function renderPage(sources: AdminSources, query: URLSearchParams): string {
  const view = new PageView(query)
  const nowMs = (sources.now ?? Date.now)()
  const seen = sources.origins()
  const lines = seen.lines.filter(({ bucket, lastBucket, origin, reason }) =>
    view.has(origin, lastBucket ?? bucket, reason),
  )
  const rest = seen.rest.filter(({ bucket, origin, reason }) => view.has(origin, bucket, reason))
  const { overflow } = seen
  const everyStatus = sources.buckets()
  const statuses = everyStatus.filter(({ bucket }) => view.hasBucket(bucket))
  const refusals = seen.lastRefusals.filter(({ origin, bucket, reason }) => view.has(origin, bucket, reason))
  const known = sources.unknownAddresses()
  const names: UnknownAddresses = {
    buckets: { ...known.buckets, names: known.buckets.names.filter(({ name }) => view.hasBucket(name)) },
    hosts: { ...known.hosts, names: known.hosts.names.filter(({ name }) => view.hasBucket(name)) },
  }
  const denied = lines.filter(({ decision }) => decision === 'denied')
  const allowed = lines.filter(({ decision }) => decision === 'allowed')
  const reported = lines.filter(({ enforcement }) => enforcement === 'report')
  return renderDocument(
    's3-cors-proxy',
    html`<a class="skip" href="#denied">Skip to denied origins</a>
<header><h1>s3-cors-proxy</h1>
<div id="actions" hidden><button type="button" data-post="/reload">Reload the configuration</button>
<label><input type="checkbox" id="polling" checked> refresh every 5 seconds</label></div>
<p id="said" role="status"></p></header>
<main>
${renderSection('health', 'Health', renderHealth(sources, nowMs))}
${renderSearch(view)}
${renderSection(
  'denied',
  'Denied origins',
  renderDenied(
    denied,
    nowMs,
    {
      explain: (line, bucket) => sources.explain(questionOf(line, bucket)),
      allowsNow: (line, bucket) => sources.allowsNow(questionOf(line, bucket)),
    },
    view,
  ),
)}
${reported.length > 0 && renderSection('report', 'In report', [html`<p>These buckets are not protected: the endpoint’s own answers pass.</p>`, renderReport(reported, nowMs, view)])}
${renderSection('allowed', 'Allowed origins', [renderAllowed(allowed, nowMs, view), renderRest(rest, view), overflow > 0 ? html`<p class="quiet">${overflow} requests came from origins without a row: see metrics.origins.</p>` : undefined])}
${renderSection(
  'last-refusals',
  'Last refusals',
  renderRefusals(refusals, nowMs, (refusal, bucket) => sources.allowsNow(questionOf(refusal, bucket)), view),
)}
${renderSection(
  'unknown-names',
  'Names that are not configured',
  renderUnknownNames(names, nowMs, bucket => sources.rulesOf(bucket) !== undefined, view),
  view.isTurned('names'),
)}
${renderSection('unused-rules', 'Rules that have matched nothing', renderUnusedRules(statuses, nowMs, sources, view), view.isTurned('unused'))}
${renderSection('suggestion', 'Suggested rules', renderSuggestion(seen, view), view.suggest !== '' || view.isTurned('suggestions'))}
${renderSection('buckets', 'Buckets', renderBuckets(statuses, nowMs, sources, view))}
<section id="explain" aria-labelledby="explain-title"><h2 id="explain-title">Explain a request</h2>
${renderForm(everyStatus, view.asked)}
<div id="answer" aria-live="polite" data-refresh>${renderAnswer(sources, view.asked)}</div></section>
</main>`,
  )
}
