// The PromQL of the dashboard in pieces. Every selector has the matchers of the variables job and instance, because only here
// selectors are made.

const process = 'job=~"$job", instance=~"$instance"'

/** The series of `metric` on the chosen processes; `matchers` are further ones, as in PromQL. */
export function select(metric: string, matchers?: string): string {
  return `${metric}{${process}${matchers === undefined ? '' : `, ${matchers}`}}`
}

/** The same of a metric with a bucket, on the chosen buckets. */
export function selectBuckets(metric: string, matchers?: string): string {
  return select(metric, `bucket=~"$bucket"${matchers === undefined ? '' : `, ${matchers}`}`)
}

/** What a counter counts in a second. Of the counter, never of a sum: a restart of one process would look like a burst. */
export function rate(selector: string): string {
  return `rate(${selector}[$__rate_interval])`
}

/**
 * How much a counter counted in the time shown. `increase` does not see the first value of a series that begins, which for an
 * origin refused once is all there is. Series of origins begin at nothing, so the value of one that was not there all the time
 * before, as long as the time shown, is its increase. One that was, evicted or not, is left to `increase`: no spikes.
 */
export function countedSince(selector: string): string {
  return `((${selector} unless last_over_time(${selector}[$__range] offset $__range)) or increase(${selector}[$__range]))`
}

/** `part` of `whole`, both sums over the same labels: 0 where there is no part, nothing where there is no whole. */
export function share(part: string, whole: string): string {
  return `(${part} or 0 * ${whole}) / (${whole} > 0)`
}

/** A quantile of a histogram; nothing, rather than NaN, where nothing was observed. */
export function quantile(q: number, buckets: string, by?: string): string {
  return `histogram_quantile(${q}, sum by (le${by === undefined ? '' : `, ${by}`}) (${rate(buckets)})) >= 0`
}
