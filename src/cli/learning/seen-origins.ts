import { z } from 'zod'
import { readFileContent } from '../../config/files/file-content.ts'
import type { Seen } from '../../cors/suggestion/suggest.ts'
import { askAdminPort } from '../running/running-proxy.ts'
import type { ExitCode, Option, ParsedArguments, Terminal } from '../terminal/command.ts'

/** What was asked for, and what became of it. */
export interface SeenRequest extends Seen {
  /** What the rules said. */
  readonly decision: 'allowed' | 'denied'
  /** In `report`: whether the endpoint's own answer allowed the origin; undefined elsewhere. */
  readonly endpointAllowed: boolean | undefined
}

/** Everything that was seen. */
export interface SeenOrigins {
  readonly requests: readonly SeenRequest[]
  /** Requests of which only the number is known. */
  readonly unknown: number
}

/** Where it is read. */
export const seenOptions: readonly Option[] = [
  {
    name: 'url',
    kind: 'list',
    value: 'URL',
    meaning:
      'the admin port of a running proxy, e.g. http://127.0.0.1:9464; again for each replica: their counts are added',
  },
  { name: 'file', kind: 'list', value: 'FILE', meaning: 'what /origins?limit=10000 answered; may be given again' },
]

const time = z.iso.datetime().transform(text => Date.parse(text))
const whole = z.number().int().nonnegative()
const text = z.string().max(4096)

const line = z.object({
  origin: text,
  requests: z
    .array(
      z.object({
        bucket: text.optional(),
        method: text,
        headers: z.array(text).optional(),
        preflights: whole,
        actual: whole,
        endpointAllowed: whole.optional(),
        endpointRefused: whole.optional(),
        firstSeen: time,
        lastSeen: time,
      }),
    )
    .max(1000),
  otherRequests: whole,
})
const decided = z.object({ origins: z.array(line), rest: z.array(z.object({ count: whole })) })
const answer = z.object({
  buckets: z.array(z.object({ bucket: text, allowed: decided, denied: decided })),
  next: z.string().optional(),
})

/** A proxy has far fewer lines than these hold; what answers may be another server, which always has one more part. */
const maxPages = 64

/** Reads what the options say; says what is wrong and answers the exit code. */
export async function readSeen(given: ParsedArguments, terminal: Terminal): Promise<SeenOrigins | ExitCode> {
  const { url: urls = [], file: files = [] } = given.lists
  if (urls.length + files.length === 0) {
    terminal.err('--url and --file are missing; allowed: --url URL or --file FILE, which tell what was seen\n')
    return 64
  }
  const read: SeenOrigins[] = []
  for (const url of urls) {
    let query: string | undefined = '?limit=10000'
    for (let pages = 0; query !== undefined; pages++) {
      if (pages === maxPages) {
        terminal.err(`${url}: expected at most ${maxPages} parts of /origins, got more\n`)
        return 1
      }
      const reply = await askAdminPort(url, '/origins', new URLSearchParams(query), terminal)
      if (typeof reply === 'number') return reply
      const page = answer.safeParse(reply.body)
      if (!page.success) return fail(url, page.error, terminal, 1)
      read.push(seenIn(page.data))
      query = page.data.next
    }
  }
  for (const file of files) {
    const content = await readFileContent(file)
    if (content.kind === 'failed') {
      terminal.err(`${file}: ${content.message}\n`)
      return 64
    }
    const page = answer.safeParse(parseJson(content.bytes))
    if (!page.success) return fail(file, page.error, terminal, 64)
    if (page.data.next !== undefined) {
      terminal.err(
        `${file}: holds a part of what was seen; allowed: the answer of /origins?limit=10000, and of each "next", in a file of its own\n`,
      )
    }
    read.push(seenIn(page.data))
  }
  return {
    requests: addUp(read.flatMap(({ requests }) => requests)),
    unknown: read.reduce((sum, { unknown }) => sum + unknown, 0),
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

function fail(where: string, { issues }: z.ZodError, terminal: Terminal, code: ExitCode): ExitCode {
  const [issue] = issues
  const place = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  terminal.err(`${where}: expected what /origins answers, got something else${place}: ${issue?.message ?? ''}\n`)
  return code
}

function seenIn({ buckets }: z.infer<typeof answer>): SeenOrigins {
  let unknown = 0
  const requests = buckets.flatMap(group =>
    (['allowed', 'denied'] as const).flatMap(decision => {
      const { origins, rest } = group[decision]
      for (const { count } of rest) unknown += count
      return origins.flatMap(({ origin, requests, otherRequests }) => {
        unknown += otherRequests
        return requests.flatMap(({ bucket, firstSeen, lastSeen, endpointAllowed, endpointRefused, ...request }) => {
          if (bucket === undefined) {
            unknown += request.preflights + request.actual
            return []
          }
          const answered = (endpointAllowed ?? 0) + (endpointRefused ?? 0) > 0
          return {
            ...request,
            headers: request.headers,
            bucket,
            origin,
            decision,
            endpointAllowed: answered ? (endpointAllowed ?? 0) > 0 : undefined,
            firstSeenMs: firstSeen,
            lastSeenMs: lastSeen,
          }
        })
      })
    }),
  )
  return { requests, unknown }
}

/** One for each kind of request and decision: of several replicas, or of several answers of one. */
function addUp(requests: readonly SeenRequest[]): readonly SeenRequest[] {
  const sums = new Map<string, SeenRequest>()
  for (const request of requests) {
    const { bucket, origin, method, headers, decision } = request
    const sorted = headers && [...new Set(headers)].sort()
    const key = JSON.stringify([bucket, origin, method, sorted, decision])
    const before = sums.get(key)
    sums.set(key, {
      ...request,
      headers: sorted,
      preflights: request.preflights + (before?.preflights ?? 0),
      actual: request.actual + (before?.actual ?? 0),
      endpointAllowed: before?.endpointAllowed || request.endpointAllowed,
      firstSeenMs: Math.min(request.firstSeenMs, before?.firstSeenMs ?? request.firstSeenMs),
      lastSeenMs: Math.max(request.lastSeenMs, before?.lastSeenMs ?? 0),
    })
  }
  return [...sums.values()]
}
