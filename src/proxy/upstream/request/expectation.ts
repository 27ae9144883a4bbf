import type { ClientResponse } from '../../client/client-response.ts'

// RFC 9110 §10.1.1: a client should not wait indefinitely either; curl gives up after one second.
const longestMs = 1000

/** A client's Expect: it sends its content when it was told to, https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1. */
export class Expectation {
  /** The client was told to send its content. */
  isMet = false
  readonly #response: ClientResponse
  #timer: NodeJS.Timeout | undefined
  #onMet: (() => void) | undefined

  constructor(response: ClientResponse) {
    this.#response = response
  }

  /** Leaves it to the endpoint to meet it, for a while: `onMet` is called when it is met, unless it is dropped before. */
  leaveToEndpoint(onMet: () => void): void {
    this.#onMet = onMet
    this.#timer = setTimeout(() => this.meet(), longestMs)
  }

  /** The endpoint has said so. */
  onContinue(): void {
    if (this.#timer !== undefined) this.meet()
  }

  meet(): void {
    const onMet = this.#onMet
    this.drop()
    this.isMet = true
    this.#response.writeContinue()
    onMet?.()
  }

  /** There is an answer without the content, or none will be: the client is told nothing more. */
  drop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#onMet = undefined
  }
}
