import type { Question, Questions } from './messages.ts'

/** Questions of a worker that wait for the primary. */
export interface QuestionDesk {
  /** Rejects when the primary does not answer in time. */
  ask<Name extends keyof Questions>(
    name: Name,
    asked: Questions[Name]['asked'],
    timeoutMs: number,
  ): Promise<Questions[Name]['answer']>
  /** The primary's answer. */
  answer(id: number, answer: unknown): void
  /** How many wait. */
  readonly waiting: number
}

/** Numbers the questions and brings each answer to who asked. */
export function createQuestionDesk(send: (question: Question) => void): QuestionDesk {
  const waiting = new Map<number, (answer: unknown) => void>()
  let lastId = 0
  return {
    get waiting() {
      return waiting.size
    },
    ask(name, asked, timeoutMs) {
      const id = ++lastId
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id)
          reject(new Error(`the primary did not answer "${name}" in time`))
        }, timeoutMs)
        waiting.set(id, answer => {
          clearTimeout(timer)
          // The primary answers each question with what the name of it says.
          resolve(answer as Questions[typeof name]['answer'])
        })
        send({ kind: 'question', id, name, asked } as Question)
      })
    },
    answer(id, answer) {
      waiting.get(id)?.(answer)
      waiting.delete(id)
    },
  }
}
