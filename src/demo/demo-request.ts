import type { Explanation } from '../cors/explain/explain.ts'

/** The two requests that the page makes: the same one, of two buckets. */
export const demoRequests = {
  allowed: { bucket: 'my-media', key: 'picture.svg' },
  refused: { bucket: 'incoming', key: 'upload.json' },
} as const

/** Which of them. */
export type DemoRequestName = keyof typeof demoRequests

/** Whether a text names one of them. */
export function isDemoRequestName(text: string | null): text is DemoRequestName {
  return text !== null && Object.hasOwn(demoRequests, text)
}

/** What the page shows of an explanation. */
export type ShownExplanation = Pick<Explanation, 'allowed' | 'reason' | 'summary' | 'rule' | 'rules' | 'change'>

const answerMs = 3000

/**
 * Asks the admin port why it decides so about one of the two requests from `origin`. The admin port answers no page of
 * another origin, so the page's own server asks; and it asks this and nothing else.
 */
export async function askExplanation(
  adminUrl: string,
  name: DemoRequestName,
  origin: string,
  token?: string | undefined,
): Promise<ShownExplanation> {
  const url = new URL('/explain', adminUrl)
  url.search = new URLSearchParams({
    bucket: demoRequests[name].bucket,
    origin,
    method: 'GET',
    actual: 'true',
  }).toString()
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(answerMs), redirect: 'error' })
  if (!response.ok) throw new Error(`the admin port answered ${response.status}`)
  const { allowed, reason, summary, rule, rules, change } = (await response.json()) as Explanation
  return { allowed, reason, summary, rule, rules, change }
}
