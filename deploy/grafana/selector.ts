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
 * How much a counter counted in the time shown, to the unit: `increase` extrapolates, and does not see the first value of a series
 * that begins, which for an origin refused once is all there is. Step by step, a value counts whole in a process that has begun in
 * the time shown; else less the one a step before; whole if that is none, or a greater one, though the process was seen then (series
 * begin at nothing); and after missed scrapes less the last one. A step is what a pixel stands for: a longer time is no more work.
 */
export function countedSince(selector: string): string {
  const start = select('process_start_time_seconds')
  const ways = [
    `(0 + ${selector}) and on (job, instance) ((${start} unless ${start} == last_over_time(${start}[$__range] offset $__interval)) * 1000 > $__from)`,
    `${selector} - ${selector} offset $__interval >= 0`,
    `(0 + ${selector}) and on (job, instance) (${start} offset $__interval)`,
    `${selector} - last_over_time(${selector}[15m] offset $__interval) >= 0`,
  ]
  return `sum_over_time((${ways.join(' or ')})[$__range:$__interval])`
}

/** `part` of `whole`, both sums over the same labels: 0 where there is no part, nothing where there is no whole. */
export function share(part: string, whole: string): string {
  return `(${part} or 0 * ${whole}) / (${whole} > 0)`
}

/** A quantile of a histogram; nothing, rather than NaN, where nothing was observed. */
export function quantile(q: number, buckets: string, by?: string): string {
  return `histogram_quantile(${q}, sum by (le${by === undefined ? '' : `, ${by}`}) (${rate(buckets)})) >= 0`
}
