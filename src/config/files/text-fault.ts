/** Thrown by a reader of text, to leave it at the first fault. `offset`: where that stands; `allowed`: what may stand there. */
export class TextFault extends Error {
  readonly offset: number
  readonly allowed: string
  constructor(offset: number, message: string, allowed: string) {
    super(message)
    this.offset = offset
    this.allowed = allowed
  }
}
