import { ClientPace } from '../upstream/pool/client-pace.ts'
import type { ExchangePlan } from './exchange-plan.ts'

/** When an exchange moved last: which of its time limits that passes, and how slow its client is. Milliseconds of the monotonic clock. */
export class ExchangeClock {
  /** Of the client; undefined until it was looked at for the first time. */
  pace: ClientPace | undefined

  readonly #plan: ExchangePlan
  /** When all of the request was sent; 0 before. */
  sentAtMs = 0
  #movedAtMs = 0

  constructor(plan: ExchangePlan) {
    this.#plan = plan
  }

  /** The endpoint or the client did something. */
  moved(nowMs: number): void {
    this.#movedAtMs = nowMs
  }

  /** All of the request was sent. */
  sent(nowMs: number): void {
    this.sentAtMs = nowMs
  }

  /** The client has just been told to send its content. */
  invited(nowMs: number): void {
    this.pace = ClientPace.ofFirstContent(nowMs)
  }

  /** `bytes`: all that the client has moved so far. `awaited`: it has to send, or to take; only then it can be slow. */
  lookAtClient(nowMs: number, bytes: number, awaited: boolean): void {
    if (this.pace === undefined) this.pace = new ClientPace(nowMs, bytes)
    else this.pace.advance(nowMs, bytes, awaited)
  }

  /** The time limit that has passed, in words for the log. `isBlocked`: the endpoint takes nothing more of the request. */
  passedLimit(nowMs: number, isAnswered: boolean, isBlocked: boolean): string | undefined {
    const { idleMs, responseMs } = this.#plan
    const isIdle = nowMs - this.#movedAtMs >= idleMs
    if (isAnswered) return isIdle ? 'the endpoint sent nothing more of its response' : undefined
    if (this.sentAtMs === 0) return isBlocked && isIdle ? 'the endpoint took nothing more of the request' : undefined
    return nowMs - this.sentAtMs >= responseMs ? 'no response head in time' : undefined
  }
}
